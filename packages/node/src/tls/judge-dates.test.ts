// SPDX-License-Identifier: Apache-2.0

import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { judgeDates } from "./judge-dates.js";

const HOUR_MS = 3_600_000;
const good = createSelfSigned();
const over = createSelfSigned(["over.example"], { fromMs: -3 * HOUR_MS, validMs: -HOUR_MS });
const early = createSelfSigned(["early.example"], { fromMs: HOUR_MS });

describe("judgeDates()", () => {
  it.each([
    {
      what: "what is valid",
      material: { cert: "/c.pem", ca: "/a.pem" },
      texts: { cert: good.cert, ca: good.cert },
      faults: [],
    },
    {
      what: "an own certificate that is over",
      material: { cert: "/c.pem" },
      texts: { cert: over.cert },
      faults: [
        {
          event: "certificate_expired",
          message: expect.stringMatching(
            /^The certificate in tls\.cert from \/c\.pem \(DNS:over\.example\) has expired on 20[\d-]+T[\d:.]+Z: peers will refuse what it vouches for$/,
          ),
        },
      ],
    },
    {
      what: "an authority that has not begun, the second of its file",
      material: { ca: "/a.pem" },
      texts: { ca: `${good.cert}${early.cert}` },
      faults: [
        {
          event: "certificate_not_yet_valid",
          message: expect.stringMatching(
            /^The certificate in tls\.ca from \/a\.pem, certificate 2 \(DNS:early\.example\) is not valid before 20[\d-]+T[\d:.]+Z: until then /,
          ),
        },
      ],
    },
    {
      what: "PEM text, which is not shown",
      material: { cert: over.cert },
      texts: { cert: over.cert },
      faults: [
        {
          event: "certificate_expired",
          message: expect.stringMatching(/^The certificate in tls\.cert \(DNS:over\.example\) has/),
        },
      ],
    },
  ])("judges $what", ({ material, texts, faults }) => {
    expect(judgeDates(material, texts, Date.now())).toEqual(faults);
  });
});
