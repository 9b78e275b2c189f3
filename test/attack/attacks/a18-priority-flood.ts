// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawType, rawData, rawFrame, rawMessage, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, payloadField, requestHeaders } from "../raw/orders.ts";
import { isFloodEnded, reactionOf } from "../raw/reaction.ts";
import { floodWith } from "../raw/repeat-bytes.ts";

/** PRIORITY frames that a browser of before RFC 9113 sends for a request. */
const perCall = 5;

/**
 * PRIORITY flood: the frames that once made servers rebuild a tree. Here they cost a look at their length, and a bucket of
 * 1,000 (each stream gives 100 back) ends who sends nothing else.
 */
export const attack = defineAttack<{ frames: number; calls: number }>({
  id: "A18",
  name: "PRIORITY flood",
  cves: ["CVE-2019-9513"],
  sizes: { quick: { frames: 100_000, calls: 500 }, full: { frames: 1_000_000, calls: 5_000 } },
  limits: ["priorities"],
  async run(context, { frames }) {
    const connection = await context.open();
    const sent = await floodWith(connection, { frame: priority(3, 1), count: frames });
    const reaction = await reactionOf(connection);
    const isEnded = isFloodEnded(reaction, ErrorCode.enhanceYourCalm, connection);
    context.check("GOAWAY(ENHANCE_YOUR_CALM) and the end", isEnded, reaction.text);
    return `${reaction.text} after ${sent} or less`;
  },
  async counter(context, { calls }) {
    const client = await context.open();
    const body = rawMessage(payloadField(1, 7));
    client.send(rawWindowUpdate(0, 1_000_000));
    for (let index = 0; index < calls; index++) {
      const id = 2 * index + 1;
      const priorities = Array.from({ length: perCall }, (_, other) => priority(id, id + 2 * other + 2));
      client.send(joinBytes(requestHeaders(id, Path.echo), ...priorities, rawData(id, body, true)));
      // One call at a time is in nobody's way; the frames are what counts here.
      await client.until(() => client.dataBytes >= (index + 1) * body.length, 5_000);
    }
    const answered = client.dataBytes / body.length;
    context.check("calls with five PRIORITY frames each are not cut", answered === calls, answered);
    return `${answered} of ${calls} calls with ${perCall} PRIORITY frames each`;
  },
});

function priority(streamId: number, dependsOn: number): Uint8Array {
  return rawFrame(RawType.priority, [0, 0, (dependsOn >>> 8) & 0xff, dependsOn & 0xff, 15], { streamId });
}
