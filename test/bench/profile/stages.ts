// SPDX-License-Identifier: Apache-2.0
import type { ProfiledFunction } from "./cpu-profile.ts";

/** What a part of the process's time is spent on. */
export type StageName =
  | "read"
  | "frame"
  | "HPACK"
  | "streams and windows"
  | "route"
  | "pick"
  | "splice"
  | "call records, limits, counters"
  | "timers and clock"
  | "write"
  | "garbage collector"
  | "Node and kernel"
  | "other";

/** The first that fits counts; places are those of `placeOf`. */
const rules: readonly (readonly [stage: StageName, fits: RegExp])[] = [
  ["garbage collector", /^\(garbage collector\) /],
  ["write", /^(writeBuffer|writev|\S*[wW]rite\S*|\S*[tT]aken|\S*[fF]lush\S*) packages\/node\/src\/socket\//],
  ["read", / packages\/node\/src\/(socket|tls|serve)\//],
  [
    "timers and clock",
    / packages\/(node\/src\/scheduler|node\/src\/memory|runtime\/src\/clock|runtime\/src\/resilience\/timer-wheel)/,
  ],
  ["write", /^#?(flush|write|drained)\S* packages\/http2\/src\/connection\/attach-transport/],
  ["HPACK", / packages\/http2\/src\/hpack\//],
  ["write", / packages\/http2\/src\/connection\/(flusher|output-buffer|buffer-pool|send-|serve-ready)/],
  ["streams and windows", / packages\/http2\/src\/(stream|flow)\//],
  [
    "streams and windows",
    / packages\/http2\/src\/connection\/(open-stream|close-stream|give-windows|receive-window-update)/,
  ],
  ["frame", / packages\/http2\/src\//],
  ["pick", / packages\/runtime\/src\/(balance\/|forward\/placement)/],
  [
    "route",
    / packages\/runtime\/src\/(registry\/|forward\/(request-head|request-metadata|server-connection|field-|content-type))/,
  ],
  ["splice", / packages\/protocol\/src\/frame\//],
  ["splice", / packages\/runtime\/src\/channel\/(call-writer|frame-receiver|channel-output|turn-ring)/],
  ["splice", / packages\/runtime\/src\/forward\/(request-forwarder|reply-|send-request|request-log|answer)/],
  ["call records, limits, counters", / packages\/(runtime|protocol)\//],
  ["write", /^(writeBuffer|writev|writeLatin1String) /],
  ["Node and kernel", /^(\(program\) | ?\S* ?node:|\S+ node:|\S+ $)/],
];

/** What a function's time is spent on. */
export function stageOf({ name, place }: Pick<ProfiledFunction, "name" | "place">): StageName {
  const text = `${name.replaceAll(" ", "_").replace("(garbage_collector)", "(garbage collector)")} ${place}`;
  return rules.find(([, fits]) => fits.test(text))?.[0] ?? "other";
}

/** Shares of all time by stage, the greatest first. */
export function stageShares(functions: readonly ProfiledFunction[]): { stage: StageName; share: number }[] {
  const total = functions.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
  const micros = new Map<StageName, number>();
  for (const one of functions) micros.set(stageOf(one), (micros.get(stageOf(one)) ?? 0) + one.selfMicros);
  return [...micros]
    .map(([stage, time]) => ({ stage, share: time / total }))
    .sort((one, other) => other.share - one.share);
}
