// SPDX-License-Identifier: Apache-2.0
import { RawType } from "@grpc-router/testing/raw-http2";
import { uint32At } from "./frame-cutter.ts";
import type { RawConnection } from "./raw-connection.ts";

/** What a target has done about a connection. */
export interface Reaction {
  /** Code of its GOAWAY; NaN without one. */
  readonly code: number;
  /** It has ended the connection. */
  readonly closed: boolean;
  /** For the table, such as "GOAWAY(3), closed" or "nothing". */
  readonly text: string;
}

/**
 * Milliseconds for a reaction. A target that once did nothing in that time gets less of it from then on: the router has
 * failed then, and of another one it is known.
 */
let patienceMs = 2_000;
const shortPatienceMs = 200;

/** Waits until the target ends the connection, or for `withinMs` (default 2,000), and says what it has done. */
export async function reactionOf(connection: RawConnection, withinMs = patienceMs): Promise<Reaction> {
  const { how } = await connection.end(withinMs);
  if (how === "open" && withinMs === patienceMs) patienceMs = shortPatienceMs;
  const { goaway, resets } = connection;
  const parts = [
    goaway === undefined ? "" : `GOAWAY(${goaway.code})`,
    goaway === undefined && resets.size > 0 ? `RST(${[...new Set(resets.values())].join(", ")})` : "",
    how === "open" ? "" : "closed",
  ].filter((part) => part !== "");
  return { code: goaway?.code ?? Number.NaN, closed: how !== "open", text: parts.join(", ") || "nothing" };
}

/** Octets that the router reads behind its last GOAWAY (`maxDiscardedBytes`); who has more on the way is reset, and may never see it. */
const discardedBytes = 262_144;

/** Whether a flood ended by GOAWAY with `code`; a reset may have overtaken that of one which was long. */
export function isFloodEnded({ code, closed }: Reaction, wanted: number, { sentBytes }: RawConnection): boolean {
  return closed && (code === wanted || (Number.isNaN(code) && sentBytes > discardedBytes));
}

/** Like reactions with how many connections got each, most first: "GOAWAY(3), closed x 98; nothing x 2". */
export function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([text, count]) => (texts.length === count ? text : `${text} x ${count}`)).join("; ");
}

/** The value of a setting in the SETTINGS that the target has sent so far; undefined if it has not named it. */
export function settingOf({ frames }: RawConnection, setting: number): number | undefined {
  let value: number | undefined;
  for (const { type, payload } of frames) {
    if (type !== RawType.settings) continue;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if ((payload[at] ?? 0) * 256 + (payload[at + 1] ?? 0) === setting) value = uint32At(payload, at + 2);
    }
  }
  return value;
}
