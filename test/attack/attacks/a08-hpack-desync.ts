// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  RawSetting,
  RawType,
  rawData,
  rawHeaders,
  rawIndexed,
  rawLiterals,
  rawMessage,
  rawReset,
  requestFields,
} from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { isAlive } from "../raw/alive.ts";
import { answersOf } from "../raw/answers.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { heldCall } from "../raw/held-call.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import type { RawConnection } from "../raw/raw-connection.ts";
import { reactionOf, settingOf } from "../raw/reaction.ts";
import { streamSeries } from "../raw/stream-series.ts";

/** Index of the newest entry of the dynamic table. */
const newest = 62;
/** An indexed field of the static table, so often that it is more than the router takes. */
const acceptEncoding = 0x90;
const manyFields = 120;
/** Above all ids that lead up to it. */
const lastId = 100_001;
/** Requests that may be refused while no slot is free. */
const mostTries = 20;

const fields = requestFields(Path.run);
const beforePath = fields.slice(0, 2);
const behindPath = fields.slice(3);

/**
 * HPACK desynchronization: blocks of streams that are refused, malformed, too large or gone insert entries, which the next
 * request uses. If any of them were skipped, that request would be another one than its sender means.
 */
export const attack = defineAttack<object>({
  id: "A8",
  name: "HPACK desync",
  cves: ["CVE-2024-7246"],
  limits: ["headerFields"],
  sizes: { quick: {}, full: {} },
  async run(context) {
    const reactions = [
      await follows(context, "a malformed block", (connection) => {
        connection.send(rawHeaders(1, joinBytes(inserting(), rawLiterals([["X-Upper", "a"]])), true));
      }),
      await follows(context, "a list that is too large", (connection) => {
        connection.send(rawHeaders(1, joinBytes(inserting(), new Uint8Array(manyFields).fill(acceptEncoding)), true));
      }),
      await follows(context, "trailers of a stream that is answered", async (connection) => {
        connection.send(rawHeaders(1, requestBlock("/no.such.Service/Method")));
        await connection.until(() => connection.count(RawType.headers) > 0, 2_000);
        connection.send(rawHeaders(1, rawLiterals([[":path", Path.run]], "withIndexing"), true));
      }),
      await follows(context, "a refused stream", (connection) => refuse(context, connection)),
    ];
    const broken = await context.open();
    broken.send(rawHeaders(1, joinBytes(requestBlock(Path.run), [0x80]), true));
    const { code, closed, text } = await reactionOf(broken);
    context.check("an HPACK error ends the connection", code === ErrorCode.compressionError && closed, text);
    return `${reactions.filter(Boolean).length} of ${reactions.length} tables in step; HPACK error: ${text}`;
  },
  async counter(context) {
    const client = await context.client();
    const results = await client.calls(100, 10, { path: Path.run });
    const good = results.filter(isOk).length;
    context.check("other connections are served", good === results.length, good);
    return `${good} of ${results.length} calls of another connection served`;
  },
});

/** Whether the next request, whose path is the entry that a block before has made, is served. */
async function follows(
  context: AttackContext,
  what: string,
  before: (connection: RawConnection) => void | Promise<void>,
): Promise<boolean> {
  const connection = await context.open();
  await before(connection);
  await isAlive(connection);
  const served = await isServed(context, connection);
  context.check(`the table is right after ${what}`, served, connection.goaway?.debug);
  connection.destroy();
  return served;
}

/** Sends the request until it is not refused: a slot is free when the instance is known to be done with it. */
async function isServed(context: AttackContext, connection: RawConnection): Promise<boolean> {
  const referring = joinBytes(rawLiterals(beforePath), rawIndexed(newest), rawLiterals(behindPath));
  for (let streamId = lastId; streamId < lastId + 2 * mostTries; streamId += 2) {
    connection.send(rawHeaders(streamId, referring), rawData(streamId, rawMessage([]), true));
    const answer = () => answersOf(connection).get(streamId);
    await connection.until(() => answer() !== undefined || connection.resets.has(streamId), 2_000);
    if (connection.resets.get(streamId) !== ErrorCode.refusedStream) return answer()?.grpcStatus === 0;
    await context.sleep(100);
  }
  return false;
}

/** Takes all slots, has a stream refused and makes a slot free. */
async function refuse(context: AttackContext, connection: RawConnection): Promise<void> {
  await connection.until(() => connection.count(RawType.settings) > 0, 2_000);
  const slots = settingOf(connection, RawSetting.maxConcurrentStreams) ?? 0;
  await connection.push(streamSeries(heldCall(1), slots));
  const refusedId = 2 * slots + 1;
  connection.send(rawHeaders(refusedId, inserting(), true));
  await connection.until(() => connection.resets.has(refusedId), 2_000);
  const code = connection.resets.get(refusedId);
  context.check("a stream beyond the limit gets REFUSED_STREAM", code === ErrorCode.refusedStream, code);
  const { aborted } = await context.instance();
  connection.send(rawReset(1, ErrorCode.cancel));
  await context.until(async () => (await context.instance()).aborted > aborted, 2_000);
}

/** A request that makes its path an entry of the table. */
function inserting(): Uint8Array {
  return joinBytes(
    rawLiterals(beforePath),
    rawLiterals([[":path", Path.run]], "withIndexing"),
    rawLiterals(behindPath),
  );
}
