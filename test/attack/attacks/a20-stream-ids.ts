// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, payloadField, requestHeaders } from "../raw/orders.ts";
import type { RawClient } from "../raw/raw-client.ts";
import { reactionOf } from "../raw/reaction.ts";

/** Ids in the order in which streams are opened, and the codes of GOAWAY that may answer them; none: the calls are served. */
interface Vector {
  readonly name: string;
  readonly ids: readonly number[];
  readonly codes: readonly number[];
}

const { protocolError, streamClosed } = ErrorCode;
const vectors: readonly Vector[] = [
  { name: "an even id", ids: [2], codes: [protocolError] },
  { name: "stream 0", ids: [0], codes: [protocolError] },
  { name: "an id below the last", ids: [5, 3], codes: [protocolError, streamClosed] },
  { name: "an id that has ended", ids: [1, 1], codes: [protocolError, streamClosed] },
  { name: "the highest id, then a lower one", ids: [2 ** 31 - 1, 1], codes: [protocolError, streamClosed] },
];
/** The three last ids of a connection. */
const lastIds = [2 ** 31 - 5, 2 ** 31 - 3, 2 ** 31 - 1];
/** Where the target sends GOAWAY so that clients move on while there are ids left. */
const halfway = 2 ** 30;

/** Stream ids that are not the client's to open, go backwards, or run out. */
export const attack = defineAttack<{ calls: number }>({
  id: "A20",
  name: "Stream ids",
  cves: [],
  sizes: { quick: { calls: 200 }, full: { calls: 5_000 } },
  limits: ["lastStreamId"],
  async run(context) {
    let right = 0;
    const body = rawMessage(payloadField(1, 7));
    const call = (id: number) => joinBytes(requestHeaders(id, Path.echo), rawData(id, body, true));
    for (const { name, ids, codes } of vectors) {
      const connection = await context.open();
      connection.send(...ids.map(call));
      const { code, closed, text } = await reactionOf(connection);
      const holds = closed && codes.includes(code);
      context.check(`${name}: GOAWAY(${codes.join(" or ")}) and the end`, holds, text);
      if (holds) right++;
    }
    const last = await context.open();
    last.send(...lastIds.map(call));
    await last.until(() => last.goaway !== undefined && last.dataBytes >= body.length, 2_000);
    const goaway = last.goaway?.code;
    context.check(
      "ids from 2^31-5 on: answered, and GOAWAY(NO_ERROR)",
      goaway === 0 && last.dataBytes >= body.length,
      goaway,
    );
    return `${right} of ${vectors.length} ended by the right code; from 2^31-5 on: GOAWAY(${goaway ?? "none"})`;
  },
  async counter(context, { calls }) {
    // A client in mid-life reaches 2^30, is told to go, and goes on on a new connection: no call may fail.
    let client: RawClient | undefined = await context.client({ firstStreamId: halfway - calls + 1 });
    let connections = 1;
    const results = [];
    for (let left = calls; left > 0; left -= 10) {
      if (client.connection.goaway !== undefined || client.connection.over) {
        client = await context.client();
        connections++;
      }
      results.push(...(await client.calls(10, 10, { path: Path.echo })));
    }
    const failed = results.filter(({ status }) => status !== 0);
    context.check("no call fails at the change of connections", failed.length === 0, failed[0]?.how);
    context.check("there was a change", connections === 2, connections);
    return `${results.length - failed.length} of ${results.length} calls over ${connections} connections`;
  },
});
