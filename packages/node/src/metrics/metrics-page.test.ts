// SPDX-License-Identifier: Apache-2.0

import { gunzipSync } from "node:zlib";
import { familyOf } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { createMetricsPage } from "./metrics-page.js";

const definition = { name: "a.calls", type: "counter", unit: "{call}", labels: [], description: "C." } as const;
const page = createMetricsPage({ metrics: () => [familyOf(definition, 7)] });
const ask = async (headers: Record<string, string>) => page.answer({ headers, query: new URLSearchParams() });

/** What Prometheus sends, as of 2.42. */
const prometheus =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

describe("createMetricsPage()", () => {
  it.each([
    ["", "text/plain; version=0.0.4; charset=utf-8"],
    ["*/*", "text/plain; version=0.0.4; charset=utf-8"],
    ["text/plain", "text/plain; version=0.0.4; charset=utf-8"],
    [prometheus, "application/openmetrics-text; version=1.0.0; charset=utf-8"],
    ["application/openmetrics-text;q=0.5, text/plain", "text/plain; version=0.0.4; charset=utf-8"],
    ["application/openmetrics-text;q=0, */*", "text/plain; version=0.0.4; charset=utf-8"],
    ["application/openmetrics-text;q=x", "text/plain; version=0.0.4; charset=utf-8"],
  ])("answers %j with %s", async (accept, contentType) => {
    const answer = await ask({ accept });
    expect(answer).toMatchObject({ status: 200, contentType });
    const counter = contentType.startsWith("text") ? "a_calls_total counter" : "a_calls counter";
    expect(answer.body).toContain(`# TYPE ${counter}\n`);
    expect(answer.body).toContain("a_calls_total 7\n");
    expect(answer.contentEncoding).toBeUndefined();
  });

  it("compresses for who asks for it", async () => {
    const { body, contentEncoding } = await ask({ "accept-encoding": "deflate, gzip;q=0.9" });
    expect(contentEncoding).toBe("gzip");
    expect(gunzipSync(body).toString()).toContain("a_calls_total 7\n");
    expect((await ask({ "accept-encoding": "gzip;q=0" })).contentEncoding).toBeUndefined();
  });
});
