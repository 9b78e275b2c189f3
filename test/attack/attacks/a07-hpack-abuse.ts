// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  rawData,
  rawHeaders,
  rawIndexed,
  rawLiterals,
  rawMessage,
  rawTableSize,
} from "@grpc-router/testing/raw-http2";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing/seeded-random";
import { type AttackContext, defineAttack } from "../attack.ts";
import { isAlive } from "../raw/alive.ts";
import { answersOf } from "../raw/answers.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { hpackVectors } from "../raw/hpack-vectors.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";

/** Broken blocks that each connection sends, unless the first ends it. */
const blocksAtOnce = 20;
const mostMutations = 4;

/**
 * HPACK parser abuse: integers that overflow or are padded without end, lengths beyond the block, table sizes, Huffman codes
 * that must not be. Each is COMPRESSION_ERROR before anything is copied. Then mutated blocks from a seed: whatever they are, the
 * router answers, resets or says GOAWAY. (Millions of them run in the fuzzer, against the decoder itself.)
 */
export const attack = defineAttack<{ connections: number }>({
  id: "A7",
  name: "HPACK parser abuse",
  cves: ["CVE-2023-33953", "CVE-2023-32731", "CVE-2023-32732"],
  sizes: { quick: { connections: 100 }, full: { connections: 10_000 } },
  async run(context, { connections }) {
    for (const { name, bytes, at } of hpackVectors) {
      const connection = await context.open();
      const block = requestBlock(Path.run);
      connection.send(rawHeaders(1, at === "start" ? joinBytes(bytes, block) : joinBytes(block, bytes), true));
      const { code, closed, text } = await reactionOf(connection);
      context.check(
        `${name}: GOAWAY(COMPRESSION_ERROR) and the end`,
        code === ErrorCode.compressionError && closed,
        text,
      );
      connection.destroy();
    }
    const random = createSeededRandom(Date.now() % 1_000_000);
    let ended = 0;
    for (let count = 0; count < connections; count++) ended += await sendMutated(context, random);
    return `${hpackVectors.length} vectors: GOAWAY(9); ${connections * blocksAtOnce} mutated blocks: ${ended} GOAWAY`;
  },
  async counter(context) {
    const connection = await context.open();
    const body = (streamId: number) => rawData(streamId, rawMessage([]), true);
    const [entry = new Uint8Array(), twice] = [rawLiterals([["x-a", "b"]], "withIndexing"), rawIndexed(62)];
    connection.send(
      rawHeaders(1, joinBytes(rawTableSize(0), rawTableSize(4_096), requestBlock(Path.run), entry, twice)),
      body(1),
      rawHeaders(3, joinBytes(requestBlock(Path.run), twice)),
      body(3),
    );
    await connection.until(() => answersOf(connection).size === 2, 5_000);
    const served = [...answersOf(connection).values()].filter(({ grpcStatus }) => grpcStatus === 0).length;
    context.check("two table sizes, indexing and references are served", served === 2, served);
    return `${served} of 2 requests with table sizes and indexing served`;
  },
});

/** 1 if the connection was ended over it. */
async function sendMutated(context: AttackContext, random: SeededRandom): Promise<number> {
  const connection = await context.open();
  const blocks = Array.from({ length: blocksAtOnce }, (_, index) => rawHeaders(2 * index + 1, mutate(random), true));
  connection.send(...blocks);
  const alive = await isAlive(connection);
  const right = alive || connection.goaway !== undefined;
  context.check("mutated blocks are answered or end the connection", right, `seed ${random.seed}`);
  connection.destroy();
  return alive ? 0 : 1;
}

function mutate(random: SeededRandom): Uint8Array {
  const fields = [["x-trace", "abcdefgh"]] as const;
  const block = joinBytes(requestBlock(Path.run, fields), rawLiterals(fields, "withIndexing"), rawIndexed(62));
  for (let count = 1 + random.integer(mostMutations); count > 0; count--) {
    block[random.integer(block.length)] = random.integer(256);
  }
  return random.integer(4) === 0 ? block.subarray(0, random.integer(block.length)) : block;
}
