// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawType, rawData, rawMessage, rawPing, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, payloadField, requestHeaders } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";

/**
 * PINGs sooner than gRPC's keepalive lets them (gRFC A8): two are forgiven, the third ends the connection with the debug
 * data that clients know, `too_many_pings`. The first PING of all is not early.
 */
export const attack = defineAttack<{ pings: number; calls: number }>({
  id: "A25",
  name: "Ping strikes",
  cves: [],
  sizes: { quick: { pings: 10, calls: 100 }, full: { pings: 10, calls: 5_000 } },
  limits: ["pingStrikes"],
  async run(context, { pings }) {
    const connection = await context.open();
    await connection.until(() => connection.count(RawType.settings) > 1, 2_000);
    let sent = 0;
    for (; sent < pings && connection.goaway === undefined && !connection.over; sent++) {
      connection.send(rawPing());
      await connection.until(() => connection.count(RawType.ping) > sent || connection.goaway !== undefined, 500);
    }
    const { code, closed, text } = await reactionOf(connection, 500);
    const debug = connection.goaway?.debug ?? "";
    context.check("GOAWAY(ENHANCE_YOUR_CALM) and the end", code === ErrorCode.enhanceYourCalm && closed, text);
    context.check("with the debug data of gRFC A8", debug === "too_many_pings", debug);
    context.check("at the third early PING", sent === 4, sent);
    return `${text}${debug === "" ? "" : ` "${debug}"`} at PING ${sent}`;
  },
  async counter(context, { calls }) {
    // As gRPC clients measure bandwidth: a PING with every answer that comes.
    const connection = await context.open();
    const body = rawMessage(payloadField(1, 7));
    connection.send(rawWindowUpdate(0, 1_000_000));
    let answered = 0;
    for (; answered < calls && !connection.over; answered++) {
      const id = 2 * answered + 1;
      connection.send(joinBytes(requestHeaders(id, Path.echo), rawData(id, body, true)));
      await connection.until(() => connection.dataBytes >= (answered + 1) * body.length, 2_000);
      connection.send(rawPing());
    }
    const good = connection.dataBytes / body.length;
    context.check("a PING with every answer is not a strike", good === calls && connection.goaway === undefined, good);
    return `${good} of ${calls} calls with a PING each`;
  },
});
