// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import type { Logger } from "@grpc-router/protocol";
import { isPemText, type TlsMaterial } from "./tls-material.js";

/** What a certificate's dates say against it; for the log. */
export interface DateFault {
  readonly event: "certificate_expired" | "certificate_not_yet_valid";
  readonly message: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in its order. */
export function pemCertificates(text: string): readonly string[] {
  return text.match(PEM_CERTIFICATE) ?? [];
}

/**
 * Certificates of `material` that are over or have not begun at `nowMs`, each with its file, names and date. `texts` is
 * `material` as it was read. They are used all the same: clocks differ, and the peer decides.
 */
export function judgeDates(material: TlsMaterial, texts: TlsMaterial, nowMs: number): DateFault[] {
  return (["cert", "ca"] as const).flatMap((part) => {
    return pemCertificates(texts[part] ?? "").flatMap((block, index) =>
      judge(new X509Certificate(block), placeOf(part, material[part], index), nowMs),
    );
  });
}

/** Writes a warning for each of `judgeDates`. */
export function warnOfDates(material: TlsMaterial, texts: TlsMaterial, logger: Logger): void {
  for (const { event, message } of judgeDates(material, texts, Date.now())) logger.log("warn", event, message);
}

function judge(certificate: X509Certificate, place: string, nowMs: number): DateFault[] {
  const { validFromDate, validToDate } = certificate;
  const what = `${place} (${namesOf(certificate)})`;
  const effect = "peers will refuse what it vouches for";
  if (validToDate.getTime() <= nowMs) {
    const message = `The certificate in ${what} has expired on ${validToDate.toISOString()}: ${effect}`;
    return [{ event: "certificate_expired", message }];
  }
  if (validFromDate.getTime() <= nowMs) return [];
  const message = `The certificate in ${what} is not valid before ${validFromDate.toISOString()}: until then ${effect}`;
  return [{ event: "certificate_not_yet_valid", message }];
}

/** `tls.cert`, with its file; of a chain's further certificates also which. */
function placeOf(part: "cert" | "ca", value: string | undefined, index: number): string {
  const file = value === undefined || isPemText(value) ? "" : ` from ${value}`;
  const which = index === 0 ? "" : `, certificate ${index + 1}`;
  return `tls.${part}${file}${which}`;
}

/** Its subject alternative names, else its subject on one line. */
export function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return subjectAltName ?? (subject?.replaceAll("\n", ", ") || "no names");
}
