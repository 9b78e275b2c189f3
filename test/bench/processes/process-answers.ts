// SPDX-License-Identifier: Apache-2.0
import { Session } from "node:inspector/promises";
import { GCProfiler, getHeapStatistics } from "node:v8";
import { processState } from "../../harness/process-state.ts";
import { type Garbage, garbageOf } from "../measure/garbage.ts";

/** What a process under measurement can be asked for over its link. */
export interface ProcessQuestion {
  readonly action: "start" | "stop";
  /** Profiles: microseconds between two samples. Default 200. */
  readonly intervalMicros?: number;
}

/** Answers to the bench's questions: `state` with a `ProcessState`; `garbage` and `profile` between "start" and "stop". */
export function processAnswers() {
  const session = new Session();
  let collector: GCProfiler | undefined;
  let usedAtStart = 0;
  return {
    state: processState,
    garbage({ action }: ProcessQuestion): Garbage | undefined {
      if (action === "start") {
        collector = new GCProfiler();
        usedAtStart = getHeapStatistics().used_heap_size;
        collector.start();
        return undefined;
      }
      const usedAtEnd = getHeapStatistics().used_heap_size;
      return garbageOf(collector?.stop()?.statistics ?? [], usedAtStart, usedAtEnd);
    },
    async profile({ action, intervalMicros = 200 }: ProcessQuestion) {
      if (action === "start") {
        session.connect();
        await session.post("Profiler.enable");
        await session.post("Profiler.setSamplingInterval", { interval: intervalMicros });
        await session.post("Profiler.start");
        return undefined;
      }
      const { profile } = await session.post("Profiler.stop");
      session.disconnect();
      return profile;
    },
  };
}
