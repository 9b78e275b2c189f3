// SPDX-License-Identifier: Apache-2.0

/**
 * The key under which connections of one address are counted: an IPv4 address is its own, also when written into IPv6; of
 * IPv6 the first 64 bits, since whoever holds one address of a subnet holds 2^64 (RFC 4291 section 2.5.4).
 */
export function addressKey(address: string): string {
  const colon = address.indexOf(":");
  if (colon < 0) return address;
  const dot = address.indexOf(".");
  if (dot > 0) return address.slice(address.lastIndexOf(":") + 1);
  const zone = address.indexOf("%");
  const [head = "", tail] = (zone < 0 ? address : address.slice(0, zone)).split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  while (groups.length + behind.length < 8) groups.push("0");
  return [...groups, ...behind].slice(0, 4).join(":");
}

/** The host of `host:port` or `[host]:port`; a text without a port is its own. */
export function hostOfAddress(address: string): string {
  return /^\[(.*)\]:\d+$/.exec(address)?.[1] ?? address.replace(/:\d+$/, "");
}
