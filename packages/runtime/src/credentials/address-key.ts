// SPDX-License-Identifier: Apache-2.0

/**
 * The key under which connections of one address are counted: an IPv4 address is its own, also when written into IPv6; of
 * IPv6 the first 64 bits, since whoever holds one address of a subnet holds 2^64 (RFC 4291 section 2.5.4).
 */
export function addressKey(address: string): string {
  const colon = address.indexOf(":");
  if (colon < 0) return address;
  // The name of an interface, which may have a dot in it.
  const [host = ""] = address.split("%");
  if (host.includes(".")) return host.slice(host.lastIndexOf(":") + 1);
  const [head = "", tail] = host.split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  while (groups.length + behind.length < 8) groups.push("0");
  return [...groups, ...behind].slice(0, 4).join(":");
}

/** The host of `host:port` or `[host]:port`; a text without a port is its own. */
export function hostOfAddress(address: string): string {
  return /^\[(.*)\]:\d+$/.exec(address)?.[1] ?? address.replace(/:\d+$/, "");
}
