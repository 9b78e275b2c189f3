// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import { pemCertificates } from "./judge-dates.js";
import type { ServedTls } from "./server-names.js";

/** Until when certificates are good. */
export interface CertificateEnd {
  /** The field of the listener's `tls` that they stand in: `certificate`, `authorities` or `names.users.example`. */
  readonly field: string;
  /** The first end in the chain, or among the authorities, in milliseconds since 1970. */
  readonly endsMs: number;
}

/** The ends of all certificates that a listener shows and trusts; parses them. */
export function certificateEnds({ cert, ca, names }: ServedTls): readonly CertificateEnd[] {
  const authorities = ca === undefined ? [] : [{ field: "authorities", endsMs: firstEnd(String(ca)) }];
  const named = names?.all.map(({ name, cert }) => ({ field: `names.${name}`, endsMs: firstEnd(cert) })) ?? [];
  return [{ field: "certificate", endsMs: firstEnd(String(cert)) }, ...authorities, ...named];
}

function firstEnd(pem: string): number {
  const blocks = pemCertificates(pem);
  const ends = (blocks.length === 0 ? [pem] : blocks).map((block) => new X509Certificate(block).validToDate.getTime());
  return Math.min(...ends);
}
