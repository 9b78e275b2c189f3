// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  RawType,
  rawData,
  rawFrame,
  rawHeaders,
  rawLiterals,
  rawMessage,
  rawReset,
  rawWindowUpdate,
} from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestHeaders } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";

const cancel = 8;
const trailers = rawLiterals([["x-late", "1"]]);
const badPing = rawFrame(RawType.ping, [1, 2, 3, 4, 5, 6, 7]);

/**
 * Frames after the end of a connection or a stream, in the same read: the parser must look before each frame whether there
 * is still somebody to call.
 */
export const attack = defineAttack<{ calls: number; streams: number }>({
  id: "A17",
  name: "Frames after the end",
  cves: ["CVE-2026-27135", "CVE-2026-26311"],
  sizes: { quick: { calls: 200, streams: 50 }, full: { calls: 20_000, streams: 1_000 } },
  async run(context, { calls, streams }) {
    const afterError = await callsBehindAnError(context, calls);
    const afterReset = await framesBehindAReset(context, streams);
    return `behind an error: ${afterError}; behind RST_STREAM: ${afterReset}`;
  },
  async counter(context, { streams }) {
    // Resets that cross the answer on its way.
    const client = await context.client();
    const body = { path: Path.echo, cancelAfterMs: 1 };
    const results = await client.calls(streams, 10, body);
    const after = await client.call({ path: Path.echo });
    context.check("resets that cross an answer do not cut", after.status === 0, after.how);
    const { length } = results.filter(({ how }) => how === "cancelled");
    return `${length} of ${streams} calls reset about when they were answered`;
  },
});

/** A frame that ends the connection, and calls behind it in one write: none may reach the instance. */
async function callsBehindAnError(context: AttackContext, calls: number): Promise<string> {
  const { began } = await context.instance();
  const connection = await context.open();
  const requests = Array.from({ length: calls }, (_, index) => {
    const id = 2 * index + 1;
    return joinBytes(requestHeaders(id, Path.run), rawData(id, rawMessage([]), true));
  });
  await connection.push(joinBytes(badPing, ...requests));
  const { code, closed, text } = await reactionOf(connection);
  await context.sleep(50);
  const behind = (await context.instance()).began - began;
  context.check("GOAWAY(FRAME_SIZE_ERROR) and the end", code === ErrorCode.frameSizeError && closed, text);
  context.check("one GOAWAY", connection.count(RawType.goaway) === 1, connection.count(RawType.goaway));
  context.check("no call behind the error reaches the instance", behind === 0, behind);
  return `${text}, ${behind} of ${calls} calls ran`;
}

/** RST_STREAM before the request is whole, and behind it in the same write what would make it whole. */
async function framesBehindAReset(context: AttackContext, streams: number): Promise<string> {
  const { began } = await context.instance();
  const connection = await context.open();
  const request = rawMessage([]);
  const ids = Array.from({ length: streams }, (_, index) => 2 * index + 1);
  connection.send(...ids.map((id) => requestHeaders(id, Path.run)));
  await context.sleep(50);
  const late = ids.map((id) =>
    joinBytes(rawReset(id, cancel), rawData(id, request, true), rawWindowUpdate(id, 1), rawReset(id, cancel)),
  );
  await connection.push(joinBytes(...late, ...ids.map((id) => rawHeaders(id, trailers, true))));
  await context.sleep(200);
  const ran = (await context.instance()).began - began;
  const { goaway, over } = connection;
  const answer = `${goaway === undefined ? "ignored" : `GOAWAY(${goaway.code})`}${over ? ", closed" : ""}`;
  const right = !over || goaway?.code === ErrorCode.streamClosed;
  context.check("no request becomes whole behind its reset", ran === 0, ran);
  context.check("such frames are ignored, or end the connection by STREAM_CLOSED", right, answer);
  return answer;
}
