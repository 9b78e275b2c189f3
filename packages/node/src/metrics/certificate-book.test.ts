// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { ServedTls } from "../tls/server-names.js";
import { CertificateBook } from "./certificate-book.js";

const secondsOf = (pem: string) => Date.parse(new X509Certificate(pem).validTo) / 1_000;

describe("CertificateBook", () => {
  it("tells what each listener uses now, as long as it is there", () => {
    const book = new CertificateBook();
    const [one, renewed] = [createSelfSigned(), createSelfSigned(["localhost"], { validMs: 3_600_000 })];
    const client: { current: ServedTls } = { current: one };
    book.add("client", client);
    const forget = book.add("admin", { current: one });
    const points = () => book.collect().points;
    const own = { labels: ["client", "certificate"], value: secondsOf(one.cert) };
    expect(points()).toEqual([own, { labels: ["admin", "certificate"], value: secondsOf(one.cert) }]);
    forget();
    expect(points()).toEqual([own]);
    client.current = renewed;
    expect(points()).toEqual([{ ...own, value: secondsOf(renewed.cert) }]);
  });
});
