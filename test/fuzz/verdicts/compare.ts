// SPDX-License-Identifier: Apache-2.0
import { RawFlag, type RawFrame, RawType } from "@grpc-router/testing";
import { createEngineJudge } from "./engine-judge.ts";
import { isKnown, knownDifferences } from "./known-differences.ts";
import type { NodeServer } from "./node-judge.ts";
import { makeSequences, octetsOf } from "./sequences.ts";
import { isLimit, type Verdict } from "./verdict.ts";

/** What a comparison came to. */
export interface Comparison {
  frames: number;
  /** How often each known difference was met. */
  readonly known: Map<string, number>;
  readonly unknown: string[];
}

/** Sends the sequences of a seed to both, frame by frame, up to the first difference or connection error of each. */
export async function compareVerdicts(server: NodeServer, seed: number, count: number): Promise<Comparison> {
  const comparison: Comparison = { frames: 0, known: new Map(), unknown: [] };
  let number = 0;
  for (const frames of makeSequences(seed, count)) {
    await compareSequence(server, frames, comparison, `seed ${seed}, sequence ${number++}`);
  }
  return comparison;
}

async function compareSequence(
  server: NodeServer,
  frames: readonly RawFrame[],
  comparison: Comparison,
  where: string,
): Promise<void> {
  const theirs = await server.judge();
  const ours = createEngineJudge();
  let isWithinBlock = false;
  try {
    for (const [at, frame] of frames.entries()) {
      isWithinBlock = opensBlock(frame, isWithinBlock);
      const octets = octetsOf(frame);
      const our = await ours.judge(octets, isWithinBlock);
      const their = await theirs.judge(octets, isWithinBlock && our.class !== "connection error");
      comparison.frames++;
      if (isLimit(our) || isLimit(their)) return;
      if (our.class !== their.class) {
        note(comparison, frames.slice(0, at + 1), { our, their, where: `${where}, frame ${at}` });
        return;
      }
      if (our.class === "connection error") return;
    }
  } finally {
    theirs.close();
    ours.close();
  }
}

/** Whether CONTINUATION must follow. */
function opensBlock({ type, flags }: RawFrame, isWithinBlock: boolean): boolean {
  if (type === RawType.headers || (type === RawType.continuation && isWithinBlock)) {
    return (flags & RawFlag.endHeaders) === 0;
  }
  return isWithinBlock;
}

function note(
  comparison: Comparison,
  frames: readonly RawFrame[],
  { our, their, where }: { readonly our: Verdict; readonly their: Verdict; readonly where: string },
): void {
  const frame = frames.at(-1);
  if (frame === undefined) return;
  const known = knownDifferences.find((row) => {
    return row.ours === our.class && row.theirs === their.class && isKnown(row, frames);
  });
  if (known !== undefined) {
    comparison.known.set(known.because, (comparison.known.get(known.because) ?? 0) + 1);
    return;
  }
  const { type, flags, streamId, payload } = frame;
  const octets = Buffer.from(payload.subarray(0, 100)).toString("hex");
  const verdicts = `ours ${our.class} ${our.codes}, theirs ${their.class} ${their.codes}`;
  comparison.unknown.push(`${where}: type ${type} flags ${flags} stream ${streamId} ${octets}: ${verdicts}`);
}
