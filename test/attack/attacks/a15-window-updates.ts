// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawType, rawData, rawMessage, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestHeaders, watchOrder } from "../raw/orders.ts";
import { isFloodEnded, reactionOf, tally } from "../raw/reaction.ts";
import { floodWith } from "../raw/repeat-bytes.ts";

const maxWindow = 0x7fffffff;
/** Connections at a time: how fast they come is another attack's matter (A28). */
const atOnce = 10;

/**
 * WINDOW_UPDATE abuse: many connections that each move the connection's window above 2^31-1, which Node once answered with
 * GOAWAY and a session that was never freed; and one connection that sends nothing but increments of 1.
 */
export const attack = defineAttack<{ connections: number; updates: number; reports: number }>({
  id: "A15",
  name: "WINDOW_UPDATE abuse",
  cves: ["CVE-2026-21714"],
  sizes: {
    quick: { connections: 200, updates: 50_000, reports: 2_000 },
    full: { connections: 10_000, updates: 1_000_000, reports: 20_000 },
  },
  limits: ["windowUpdates"],
  async run(context, { connections, updates }) {
    const overflows: string[] = [];
    for (let opened = 0; opened < connections; opened += atOnce) {
      const batch = await context.openMany(atOnce);
      const reactions = batch.map(async (connection) => {
        connection.send(rawWindowUpdate(0, maxWindow));
        const { code, closed, text } = await reactionOf(connection);
        connection.destroy();
        const right = code === ErrorCode.flowControlError && closed;
        context.check("an overflow gets GOAWAY(FLOW_CONTROL_ERROR) and the end", right, text);
        return text;
      });
      overflows.push(...(await Promise.all(reactions)));
    }
    const flood = await context.open();
    const sent = await floodWith(flood, { frame: rawWindowUpdate(0, 1), count: updates });
    const reaction = await reactionOf(flood);
    const isEnded = isFloodEnded(reaction, ErrorCode.enhanceYourCalm, flood);
    context.check("a flood gets GOAWAY(ENHANCE_YOUR_CALM) and the end", isEnded, reaction.text);
    return `overflow: ${tally(overflows)}; flood: ${reaction.text} after ${sent} or less`;
  },
  async counter(context, { reports }) {
    // A client that returns window for every frame it gets, on both levels, as some do.
    const order = rawMessage(watchOrder(reports, 100));
    let dataFrames = 0;
    const connection = await context.open({
      onFrame({ type, streamId, payload }) {
        if (type !== RawType.data || payload.length === 0) return;
        dataFrames++;
        connection.send(rawWindowUpdate(0, payload.length), rawWindowUpdate(streamId, payload.length));
      },
    });
    connection.send(joinBytes(requestHeaders(1, Path.watch), rawData(1, order, true)));
    const whole = () => connection.dataBytes >= reports * 100;
    await connection.until(whole, 20_000);
    context.check(
      "a download with two updates for every frame is not cut",
      whole() && !connection.over,
      connection.dataBytes,
    );
    return `${2 * dataFrames} updates for ${dataFrames} DATA frames`;
  },
});
