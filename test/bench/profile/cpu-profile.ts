// SPDX-License-Identifier: Apache-2.0

/** A CPU profile as V8's inspector gives it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes, one a sample. */
  readonly samples?: readonly number[];
  /** Microseconds from each sample to the one before. */
  readonly timeDeltas?: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function of a profile and what it took by itself. */
export interface ProfiledFunction {
  readonly name: string;
  /** Its file below the project, or the module of Node; empty for what is no JavaScript. */
  readonly place: string;
  readonly selfMicros: number;
}

/**
 * Time that each node took itself, by its id. The time in which the process had nothing to do is left out, and that of
 * the profiler.
 */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const isForeign = ({ callFrame: { functionName, url } }: ProfileNode) =>
    functionName === "(idle)" || url === "node:inspector";
  const foreign = new Set(nodes.filter(isForeign).map(({ id }) => id));
  const times = new Map<number, number>();
  samples.forEach((id, index) => {
    // The time from a sample to the next one is the sample's own.
    const delta = Math.max(0, timeDeltas[index + 1] ?? 0);
    if (!foreign.has(id)) times.set(id, (times.get(id) ?? 0) + delta);
  });
  return times;
}

/** Functions by the time that they took themselves, the greatest first. */
export function functionsOf(profile: CpuProfile): ProfiledFunction[] {
  const times = selfTimes(profile);
  const functions = new Map<string, ProfiledFunction>();
  for (const { id, callFrame } of profile.nodes) {
    const name = callFrame.functionName === "" ? "(anonymous)" : callFrame.functionName;
    const place = placeOf(callFrame.url);
    const key = `${name} ${place}`;
    const selfMicros = (functions.get(key)?.selfMicros ?? 0) + (times.get(id) ?? 0);
    functions.set(key, { name, place, selfMicros });
  }
  return [...functions.values()].filter(({ selfMicros }) => selfMicros > 0).sort((a, b) => b.selfMicros - a.selfMicros);
}

/** `file:///…/packages/http2/dist/frame/ping.js` as its source, `packages/http2/src/frame/ping.ts`. */
export function placeOf(url: string): string {
  const [, room = "", file = ""] = /\/packages\/(\w[\w-]*)\/(?:dist|src)\/(.+)\.[jt]s$/.exec(url) ?? [];
  if (room !== "") return `packages/${room}/src/${file}.ts`;
  if (url.startsWith("node:")) return url;
  return url.slice(url.lastIndexOf("/") + 1);
}
