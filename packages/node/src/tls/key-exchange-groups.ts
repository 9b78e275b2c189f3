// SPDX-License-Identifier: Apache-2.0

import { createSecureContext } from "node:tls";

const classic = "X25519:P-256:P-384:P-521";
let groups: string | undefined;

/**
 * The groups in which a listener exchanges keys, best first: with ML-KEM where this Node's OpenSSL has it (3.5 on). Finite
 * fields, which OpenSSL would offer besides, are left out: a peer can make a server compute in them at next to no cost of
 * its own (CVE-2002-20001, CVE-2022-40735).
 */
export function keyExchangeGroups(): string {
  groups ??= hasGroups(`X25519MLKEM768:${classic}`) ? `X25519MLKEM768:${classic}` : classic;
  return groups;
}

function hasGroups(ecdhCurve: string): boolean {
  try {
    createSecureContext({ ecdhCurve });
    return true;
  } catch {
    return false;
  }
}
