// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { addressKey, hostOfAddress } from "./address-key.js";

describe("addressKey()", () => {
  it.each([
    { address: "192.0.2.7", key: "192.0.2.7" },
    { address: "::ffff:192.0.2.7", key: "192.0.2.7" },
    { address: "2001:db8:1:2:3:4:5:6", key: "2001:db8:1:2" },
    { address: "2001:db8:1:2::6", key: "2001:db8:1:2" },
    { address: "2001:db8::6", key: "2001:db8:0:0" },
    { address: "2001:db8:0:0:1::", key: "2001:db8:0:0" },
    { address: "::1", key: "0:0:0:0" },
    { address: "::", key: "0:0:0:0" },
    { address: "fe80::1%eth0", key: "fe80:0:0:0" },
    { address: "fe80::1%eth0.100", key: "fe80:0:0:0" },
    { address: "", key: "" },
  ])("counts $address as $key", ({ address, key }) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe("hostOfAddress()", () => {
  it.each([
    ["192.0.2.7:80", "192.0.2.7"],
    ["[2001:db8::6]:80", "2001:db8::6"],
    ["[fe80::1%eth0]:80", "fe80::1%eth0"],
    ["left", "left"],
  ])("takes the host out of %s", (address, host) => expect(hostOfAddress(address)).toBe(host));
});
