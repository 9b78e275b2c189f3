// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  type RawField,
  rawData,
  rawHeaders,
  rawIndexed,
  rawLiterals,
  rawMessage,
} from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { answersOf } from "../raw/answers.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { reactionOf, tally } from "../raw/reaction.ts";

/** The newest entry of the dynamic table (RFC 7541 section 2.3.3). */
const newest = 62;
/** An entry that fills the table of 4,096 octets: name, value and 32. */
const large: RawField = ["x-large", "v".repeat(4_096 - 32 - 7)];
const mib = 1024 * 1024;
const mostPerConnection = 32 * 1024;
/** Octets that V8 takes and gives back while the victim calls. */
const noiseBytes = 8 * mib;

/**
 * HPACK bomb: a table entry of 4 KiB, then thousands of references of one octet each. The router stops counting at four times
 * the 16 KiB that it announces and ends the connection; below that, one request is refused with 431 and the table stays right.
 */
export const attack = defineAttack<{ references: number; connections: number }>({
  id: "A5",
  name: "HPACK bomb",
  cves: ["CVE-2016-6581"],
  limits: ["headerListBytes"],
  sizes: { quick: { references: 4_000, connections: 50 }, full: { references: 4_000, connections: 1_000 } },
  async run(context, { references, connections }) {
    const bomb = rawHeaders(1, bombBlock(references), true);
    const grownBytes = context.watchPeak();
    const reactions: string[] = [];
    for (let count = 0; count < connections; count++) {
      const connection = await context.open();
      connection.send(bomb);
      const { code, closed, text } = await reactionOf(connection);
      context.check("GOAWAY(ENHANCE_YOUR_CALM) and the end", code === ErrorCode.enhanceYourCalm && closed, text);
      reactions.push(text);
      connection.destroy();
    }
    // Kept for even one request, the list would be 16 MiB; the connections themselves come and go.
    const peakBytes = grownBytes();
    const mostBytes = noiseBytes + connections * mostPerConnection;
    context.check("nothing of the list is kept", peakBytes < mostBytes, peakBytes);
    return `${tally(reactions)}; memory peak +${(peakBytes / mib).toFixed(1)} MiB`;
  },
  async counter(context) {
    const connection = await context.open();
    const body = (streamId: number) => rawData(streamId, rawMessage([]), true);
    connection.send(
      rawHeaders(1, bombBlock(1)),
      body(1),
      // Over 16 KiB and below 64 KiB: refused for itself.
      rawHeaders(3, joinBytes(requestBlock(Path.run), repeated(6)), true),
      rawHeaders(5, joinBytes(requestBlock(Path.run), repeated(1))),
      body(5),
    );
    await connection.until(() => answersOf(connection).size === 3, 5_000);
    const answers = answersOf(connection);
    const served = [1, 5].filter((streamId) => answers.get(streamId)?.grpcStatus === 0).length;
    context.check("requests with a field of 4 KiB are served", served === 2 && !connection.over, served);
    context.check(
      "a list of 24 KiB costs its request only",
      answers.get(3)?.httpStatus === 431,
      answers.get(3)?.httpStatus,
    );
    return `${served} of 2 requests with a field of 4 KiB served, one of 24 KiB refused with ${answers.get(3)?.httpStatus}`;
  },
});

/** A request that makes the entry and refers to it. */
function bombBlock(references: number): Uint8Array {
  return joinBytes(requestBlock(Path.run), rawLiterals([large], "withIndexing"), repeated(references));
}

function repeated(references: number): Uint8Array {
  return new Uint8Array(references).fill(rawIndexed(newest)[0] ?? 0);
}
