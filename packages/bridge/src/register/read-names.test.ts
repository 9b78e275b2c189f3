// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { RouterEndpoint } from "../ports.js";
import { readNames } from "./read-names.js";

const dial = () => ({ cancel: () => {} });

/** As the Node shell does it, in short. */
function resolve(address: string): RouterEndpoint {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error(`Cannot dial the router: ${address}`);
  return { url: url.origin, dial };
}

describe("readNames()", () => {
  const urls = (addresses: readonly string[], namedBy?: string) =>
    readNames(addresses, namedBy, resolve).endpoints.map(({ url }) => url);

  it("takes each once, however it is written", () => {
    expect(urls(["http://a:80", "HTTP://A/", "http://b:81", "http://a"])).toEqual(["http://a", "http://b:81"]);
  });

  it("says what is wrong with the others", () => {
    expect(readNames(["nonsense", "ftp://a", "http://b"], "http://a", resolve)).toMatchObject({
      endpoints: [{ url: "http://b" }],
      faults: ["Cannot dial the router: nonsense", "Cannot dial the router: ftp://a"],
    });
    expect(
      readNames(["http://a\nb", "http://a b", `http://${"a".repeat(256)}`, ""], "http://a", resolve),
    ).toMatchObject({
      endpoints: [],
      faults: [
        'Cannot dial the router: its URL must be http://host:port, received "http://a\\nb"',
        {},
        {},
        'Cannot dial the router: its URL must be http://host:port, received ""',
      ].map((fault) => (typeof fault === "string" ? fault : expect.stringContaining("its URL must be"))),
    });
    const thrower = (): never => {
      throw "x".repeat(5_000);
    };
    expect(readNames(["a"], undefined, thrower).faults[0]).toHaveLength(1_000);
  });

  it("is not led from TLS to plaintext, but the other way", () => {
    expect(readNames(["http://b", "https://c"], "https://a", resolve)).toMatchObject({
      endpoints: [{ url: "https://c" }],
      faults: ["Cannot dial router http://b: one that is named over TLS must be https://"],
    });
    expect(urls(["http://b", "https://c"], "http://a")).toEqual(["http://b", "https://c"]);
  });

  it("reads 16 and no more", () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `http://router-${index}`);
    const { endpoints, faults } = readNames(addresses, "http://a", resolve);
    expect(endpoints).toHaveLength(16);
    expect(faults).toEqual(["Cannot dial the routers beyond 16 of a list: received 40"]);
  });
});
