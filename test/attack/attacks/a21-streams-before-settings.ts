// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  RawSetting,
  RawType,
  rawData,
  rawMessage,
  rawPreface,
  rawSettings,
  rawSettingsAck,
} from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { holdOrder, Path, requestHeaders } from "../raw/orders.ts";
import { reactionOf, settingOf } from "../raw/reaction.ts";

/** Refused streams that a client may cause before it is an attack. */
const mostRefused = 100;
/** Streams that a client without our SETTINGS may open beyond the limit, in good faith. */
const excess = 50;

/**
 * Streams beyond MAX_CONCURRENT_STREAMS in the first flight, before the target's SETTINGS can be known: those above the
 * limit get REFUSED_STREAM, which is safe to retry; after 100 of them the connection ends.
 */
export const attack = defineAttack<{ streams: number }>({
  id: "A21",
  name: "Streams before SETTINGS",
  cves: [],
  sizes: { quick: { streams: 4_000 }, full: { streams: 10_000 } },
  // A flight begins 1,024 calls that the limit allows; flight upon flight is not this attack but 50,000 calls a second.
  repeats: false,
  limits: ["concurrentStreams", "refusedStreams"],
  async run(context, { streams }) {
    const connection = await context.open({ begin: "nothing" });
    await connection.push(joinBytes(rawPreface, rawSettings(), heldCalls(1, streams)));
    const { code, closed, text } = await reactionOf(connection);
    const codes = [...connection.resets.values()];
    const refused = codes.filter((reset) => reset === ErrorCode.refusedStream).length;
    const { mostRunning } = await context.instance();
    const slots = settingOf(connection, RawSetting.maxConcurrentStreams) ?? Number.POSITIVE_INFINITY;
    context.check("the target states a limit", Number.isFinite(slots));
    context.check(
      "what is reset is REFUSED_STREAM",
      refused === codes.length,
      codes.find((reset) => reset !== ErrorCode.refusedStream),
    );
    context.check(`at most ${mostRefused} are refused one by one`, refused <= mostRefused, refused);
    context.check("then GOAWAY(ENHANCE_YOUR_CALM) and the end", code === ErrorCode.enhanceYourCalm && closed, text);
    context.check("the instance runs no more calls than the limit", mostRunning <= slots, mostRunning);
    return `${refused} refused, then ${text}; ${mostRunning} of ${streams} ran at once (limit ${slots})`;
  },
  async counter(context) {
    const connection = await context.open({ begin: "nothing" });
    connection.send(rawPreface, rawSettings());
    await connection.until(() => connection.count(RawType.settings) > 0, 2_000);
    const slots = settingOf(connection, RawSetting.maxConcurrentStreams) ?? 100;
    connection.send(rawSettingsAck, heldCalls(1, slots + excess));
    await connection.until(() => connection.resets.size >= excess, 3_000);
    const reached = await context.until(async () => (await context.instance()).running >= slots, 3_000);
    context.check(
      `${excess} streams too many are refused, the others run`,
      connection.resets.size === excess && reached,
      connection.resets.size,
    );
    context.check("the connection stays", !connection.over && connection.goaway === undefined);
    return `${slots + excess} streams: ${connection.resets.size} refused, the connection stays`;
  },
});

function heldCalls(firstId: number, count: number): Uint8Array {
  const body = rawMessage(holdOrder);
  const calls = Array.from({ length: count }, (_, index) => {
    const id = firstId + 2 * index;
    return joinBytes(requestHeaders(id, Path.run), rawData(id, body, true));
  });
  return joinBytes(...calls);
}
