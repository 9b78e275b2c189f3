// SPDX-License-Identifier: Apache-2.0
import type { HealthBook } from "./health-book.js";

/** The paths of probes. */
export const probePaths = ["/live", "/ready"] as const;
export type ProbePath = (typeof probePaths)[number];

/** A plain HTTP answer: text/plain, no trailers. */
export interface ProbeAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Short text that ends in a newline. */
  readonly body: string;
}

const live: ProbeAnswer = { status: 200, body: "live\n" };
const ready: ProbeAnswer = { status: 200, body: "ready\n" };
const draining: ProbeAnswer = { status: 503, body: "draining\n" };
const noInstance: ProbeAnswer = { status: 503, body: "no instance is connected\n" };
const wrongMethod: ProbeAnswer = { status: 405, body: "use GET or POST\n" };

/**
 * Answers the probes of orchestrators: `/live` is 200 as long as the process answers at all, `/ready` is 503 while no
 * instance is connected or the router drains.
 */
export function answerProbe(method: string, path: ProbePath, book: HealthBook): ProbeAnswer {
  if (method !== "GET" && method !== "POST") return wrongMethod;
  if (path === "/live") return live;
  if (book.draining) return draining;
  return book.ready ? ready : noInstance;
}
