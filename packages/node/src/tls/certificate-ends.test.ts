// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { certificateEnds } from "./certificate-ends.js";
import { readServerNames } from "./server-names.js";

const hourMs = 3_600_000;
const lasting = (hours: number) => createSelfSigned(["users.example"], { validMs: hours * hourMs });
const endOf = (pem: string) => Date.parse(new X509Certificate(pem).validTo);

describe("certificateEnds()", () => {
  it("tells the first end of each chain, of the authorities, and of each name", () => {
    const [own, above, other, named] = [lasting(5), lasting(2), lasting(3), lasting(4)];
    const names = readServerNames({ "Users.example": named }, {});
    expect(certificateEnds({ cert: own.cert + above.cert, ca: other.cert + own.cert, names })).toEqual([
      { field: "certificate", endsMs: endOf(above.cert) },
      { field: "authorities", endsMs: endOf(other.cert) },
      { field: "names.users.example", endsMs: endOf(named.cert) },
    ]);
    expect(certificateEnds({ cert: own.cert })).toEqual([{ field: "certificate", endsMs: endOf(own.cert) }]);
  });

  it("reads a certificate whose block has another name", () => {
    const { cert } = lasting(1);
    const trusted = cert.replaceAll(" CERTIFICATE-", " X509 CERTIFICATE-");
    expect(certificateEnds({ cert: trusted })).toEqual([{ field: "certificate", endsMs: endOf(cert) }]);
  });
});
