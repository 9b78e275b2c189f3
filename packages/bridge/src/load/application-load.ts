// SPDX-License-Identifier: Apache-2.0

import { type Logger, stackOf } from "@grpc-router/protocol";
import { MAX_METRIC_NAME_BYTES, MAX_NAMED_METRICS } from "../limits.js";
import type { ApplicationLoad } from "./load-options.js";

/** What user code has said, as a report holds it. */
export interface ReadLoad {
  /** 0: not said. */
  readonly utilization: number;
  readonly named: Record<string, number>;
}

/** Asks user code for its load; whatever is wrong with the answer is logged and left out. */
export function readApplicationLoad(ask: (() => ApplicationLoad) | undefined, logger: Logger): ReadLoad {
  if (ask === undefined) return { utilization: 0, named: {} };
  try {
    const { utilization, named } = ask();
    const metrics = metricsOf(named);
    const wrong = [...(utilization === undefined || isShare(utilization) ? [] : ["utilization"]), ...metrics.wrong];
    if (wrong.length > 0) {
      const rule = `shares must be at least 0, metrics finite, at most ${MAX_NAMED_METRICS}, with names of at most ${MAX_METRIC_NAME_BYTES} bytes`;
      logger.log("warn", "load_dropped", `Cannot report ${wrong.slice(0, 5).join(", ")} of the load: ${rule}`);
    }
    return { utilization: isShare(utilization) ? utilization : 0, named: metrics.named };
  } catch (error) {
    logger.log(
      "error",
      "load_failed",
      `Cannot report the load of the application, load.application threw: ${stackOf(error)}`,
    );
    return { utilization: 0, named: {} };
  }
}

/** Metrics by name that may be sent, and the names of those that may not. */
export function metricsOf(given: Readonly<Record<string, number>> = {}): {
  readonly named: Record<string, number>;
  readonly wrong: readonly string[];
} {
  const named: Record<string, number> = {};
  const wrong: string[] = [];
  let count = 0;
  for (const [name, value] of Object.entries(given)) {
    const isGood = Number.isFinite(value) && name !== "" && utf8Bytes(name) <= MAX_METRIC_NAME_BYTES;
    if (isGood && count < MAX_NAMED_METRICS) {
      named[name] = value;
      count++;
    } else wrong.push(JSON.stringify(name.slice(0, MAX_METRIC_NAME_BYTES)));
  }
  return { named, wrong };
}

/** Whether it can be a share: a finite number from 0. */
export function isShare(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
