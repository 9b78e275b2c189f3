// SPDX-License-Identifier: Apache-2.0

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { AdminPage } from "../admin/admin-pages.js";
import type { RouterServer } from "../serve/serve-router.js";
import { preferredOf } from "./preferred-of.js";
import { type ExpositionFormat, writeExposition } from "./write-exposition.js";

/** What tells metrics. */
export type MeteredServer = Pick<RouterServer, "metrics">;

const compress = promisify(gzip);

const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The page `/metrics` of a router's server, for Prometheus: in its text format, or in OpenMetrics for who prefers that. */
export function createMetricsPage(server: MeteredServer): AdminPage {
  return {
    path: "/metrics",
    async answer({ headers }) {
      const accepted = preferredOf(headers.accept, ["text/plain", "application/openmetrics-text"]);
      const format = accepted === "application/openmetrics-text" ? "openmetrics" : "text";
      const body = writeExposition(server.metrics(), format);
      const page = { status: 200, contentType: contentTypes[format] };
      const encodings = headers["accept-encoding"];
      const coding = preferredOf(Array.isArray(encodings) ? encodings.join() : encodings, ["identity", "gzip"]);
      if (coding !== "gzip") return { ...page, body };
      return { ...page, body: await compress(body), contentEncoding: coding };
    },
  };
}
