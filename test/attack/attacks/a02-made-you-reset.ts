// SPDX-License-Identifier: Apache-2.0
import { RawType, rawData, rawFrame, rawPriority, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { heldCall } from "../raw/held-call.ts";
import { Path, requestHeaders } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import { reactionOf, tally } from "../raw/reaction.ts";
import { streamSeries } from "../raw/stream-series.ts";

/** What makes a server reset stream 1, which it works on, by the rules of RFC 9113; and the code of the rule. */
const triggers: readonly { readonly name: string; readonly bytes: Uint8Array; readonly code: number }[] = [
  { name: "WINDOW_UPDATE 0", bytes: rawWindowUpdate(1, 0), code: ErrorCode.protocolError },
  { name: "window above 2^31-1", bytes: rawWindowUpdate(1, 0x7fffffff), code: ErrorCode.flowControlError },
  {
    name: "PRIORITY of 4 octets",
    bytes: rawFrame(RawType.priority, [0, 0, 0, 0], { streamId: 1 }),
    code: ErrorCode.frameSizeError,
  },
  { name: "PRIORITY on itself", bytes: rawPriority(1, 1), code: ErrorCode.protocolError },
  { name: "HEADERS after END_STREAM", bytes: requestHeaders(1, Path.run), code: ErrorCode.streamClosed },
  { name: "DATA after END_STREAM", bytes: rawData(1, new Uint8Array(1)), code: ErrorCode.streamClosed },
];

const atOnce = 10;
const slots = 1_024;

/**
 * MadeYouReset: frames that make the server itself reset a stream whose call has been dispatched, which frees the slot while
 * the backend works on. All six are connection errors here, so the first is the last, and its calls are cancelled.
 */
export const attack = defineAttack<{ connections: number; calls: number }>({
  id: "A2",
  name: "MadeYouReset",
  cves: ["CVE-2025-8671"],
  sizes: { quick: { connections: 20, calls: 50 }, full: { connections: 10_000, calls: 50 } },
  async run(context, { connections, calls }) {
    const reactions: string[] = [];
    const flight = streamSeries(heldCall(1), calls);
    for (const trigger of triggers) {
      for (let opened = 0; opened < connections; opened += atOnce) {
        const one = () => provoke(context, { flight, ...trigger });
        reactions.push(...(await Promise.all(Array.from({ length: atOnce }, one))));
      }
    }
    const { mostRunning } = await context.instance();
    context.check(
      "the instance never runs more than the slots of live connections",
      mostRunning <= slots * atOnce,
      mostRunning,
    );
    const gone = await context.until(async () => (await context.instance()).running === 0, 2_000);
    context.check("all calls are cancelled at the instance", gone, (await context.instance()).running);
    return tally(reactions);
  },
  async counter(context, { calls }) {
    // What is close to the triggers but allowed: the window filled up to the last octet, PRIORITY on another stream.
    const client = await context.client();
    client.connection.send(rawWindowUpdate(0, 0x7fffffff - 65_535), rawPriority(1, 3), rawPriority(5, 0));
    const results = await client.calls(calls, 10, { path: Path.run });
    const good = results.filter(isOk).length;
    context.check("a window of 2^31-1 and PRIORITY on others are not cut", good === calls, good);
    return `${good} of ${calls} calls with a window of 2^31-1`;
  },
});

interface Provocation {
  readonly flight: Uint8Array;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: number;
}

async function provoke(context: AttackContext, { flight, name, bytes, code }: Provocation): Promise<string> {
  const connection = await context.open();
  const { began } = await context.instance();
  await connection.push(flight);
  // Only calls that have been dispatched are worth a reset.
  await context.until(async () => (await context.instance()).began > began, 1_000);
  connection.send(bytes);
  const reaction = await reactionOf(connection);
  connection.destroy();
  context.check(`${name}: GOAWAY(${code}) and the end`, reaction.code === code && reaction.closed, reaction.text);
  return reaction.text;
}
