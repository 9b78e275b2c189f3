// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { diffConfigs, formatChange, showConfig } from "./show-config.js";

const pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
const tls = (key: string) => ({ listeners: { client: { tls: { certificate: "cert.pem", key } } } });

describe("showConfig()", () => {
  it("writes YAML without secrets; the path of a key is none", () => {
    expect(showConfig(tls(pem))).toBe(
      "listeners:\n  client:\n    tls:\n      certificate: cert.pem\n      key: (secret)\n",
    );
    expect(showConfig(tls("key.pem"))).toContain("key: key.pem");
    const admin = showConfig({ listeners: { admin: { tls: { certificate: "cert.pem", key: pem } } } });
    expect(admin).toContain("key: (secret)");
    const names = { "a.example": { certificate: "a.pem", key: pem } };
    expect(showConfig({ listeners: { client: { tls: { names } } } })).toMatch(
      /a\.example:\n +certificate: a\.pem\n +key: \(secret\)\n$/,
    );
  });
});

describe("diffConfigs()", () => {
  it.each([
    [{ drain: { grace: "1s" } }, { drain: { grace: "2s" } }, ['drain.grace: "1s" → "2s"']],
    [{ drain: { grace: "1s" } }, {}, ['drain.grace: "1s" → not said']],
    [{}, { place: { zone: "a" } }, ['place.zone: not said → "a"']],
    [{}, { place: {} }, []],
    [{ policies: { a: {} } }, { policies: { a: { b: {} } } }, ["policies.a.b: not said → {}"]],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, ["a[1].b: 2 → 3"]],
    [{ a: [1] }, { a: [1, 2] }, ["a: [1] → [1,2]"]],
    [
      { policies: { services: { "a.B": { x: 1 } } } },
      { policies: { services: { "a.B": { x: 2 } } } },
      ['policies.services["a.B"].x: 1 → 2'],
    ],
    [tls(pem), tls(pem.replace("MIIB", "MIIC")), ["listeners.client.tls.key: another secret"]],
    [tls("key.pem"), tls(pem), ['listeners.client.tls.key: "key.pem" → "(secret)"']],
    [{ a: 1 }, { a: 1 }, []],
  ])("of %j and %j", (before, after, lines) => {
    expect(diffConfigs(before, after).map(formatChange)).toEqual(lines);
  });
});
