// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  RawType,
  rawData,
  rawHeaders,
  rawLiterals,
  rawMessage,
  requestFields,
} from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { answersOf } from "../raw/answers.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestHeaders } from "../raw/orders.ts";
import type { RawConnection } from "../raw/raw-connection.ts";
import { reactionOf } from "../raw/reaction.ts";
import { floodWith } from "../raw/repeat-bytes.ts";
import { streamSeries } from "../raw/stream-series.ts";

/** Calls of one connection of the counter-test: more empty frames than are forgiven. */
const callsAtOnce = 500;

/**
 * Empty frames: DATA without octets and without an end, and header fields of no name, which move nothing forward. 100 of them
 * are forgiven (and ten more a second), then the connection ends.
 */
export const attack = defineAttack<{ frames: number; streams: number; calls: number }>({
  id: "A10",
  name: "Empty frames",
  cves: ["CVE-2019-9518", "CVE-2019-9516"],
  limits: ["emptyFrames", "streamErrors"],
  sizes: {
    quick: { frames: 200_000, streams: 20_000, calls: 500 },
    full: { frames: 1_000_000, streams: 100_000, calls: 10_000 },
  },
  async run(context, { frames, streams }) {
    const data = await context.open();
    data.send(requestHeaders(1, Path.run));
    await floodWith(data, { frame: rawData(1, new Uint8Array()), count: frames });
    const ofData = await expectCut(context, "DATA", data);
    const fields = requestFields(
      Path.run,
      Array.from({ length: 10 }, () => ["", ""] as const),
    );
    const names = await context.open();
    await names.push(streamSeries(rawHeaders(1, rawLiterals(fields), true), streams));
    const ofNames = await expectCut(context, "empty names", names);
    return `DATA: ${ofData}; empty names: ${ofNames} after ${names.resets.size} RST`;
  },
  async counter(context, { calls }) {
    // Clients that learn of the end of a request late send it as an empty frame.
    const unit = joinBytes(requestHeaders(1, Path.run), rawData(1, rawMessage([])), rawData(1, new Uint8Array(), true));
    let good = 0;
    for (let made = 0; made < calls; made += callsAtOnce) {
      const connection = await context.open();
      connection.send(streamSeries(unit, callsAtOnce));
      // Head and trailers of each answer.
      await connection.until(() => connection.count(RawType.headers) >= 2 * callsAtOnce, 10_000);
      good += [...answersOf(connection).values()].filter(({ grpcStatus }) => grpcStatus === 0).length;
      connection.destroy();
    }
    context.check("requests that end with an empty frame are served", good === calls, good);
    return `${good} of ${calls} calls that end with an empty frame served`;
  },
});

async function expectCut(context: AttackContext, what: string, connection: RawConnection): Promise<string> {
  const { code, closed, text } = await reactionOf(connection);
  const right = code === ErrorCode.enhanceYourCalm && closed;
  context.check(`${what}: GOAWAY(ENHANCE_YOUR_CALM) and the end`, right, text);
  return text;
}
