// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type PeerSpec, peerKey } from "./peer.ts";

describe("peerKey()", () => {
  test.each<[PeerSpec, string]>([
    [{ name: "haproxy" }, "haproxy"],
    [{ name: "haproxy", tls: false }, "haproxy"],
    [{ name: "haproxy", tls: true }, "haproxy tls"],
    [{ name: "router", callgrind: true }, "router callgrind"],
    [{ name: "router", instances: 3, features: "off" }, "router features=off instances=3"],
    [{ features: "off", instances: 3, name: "router" }, "router features=off instances=3"],
  ])("%j is %s", (spec, key) => {
    expect(peerKey(spec)).toBe(key);
  });
});
