// SPDX-License-Identifier: Apache-2.0
import { rawContinuation, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { beginBlock, openBlock } from "../raw/open-block.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";
import { floodWith, repeatBytes } from "../raw/repeat-bytes.ts";

const mostFrames = 9;

/** Empty CONTINUATION: no count of octets sees them. The router counts frames. */
export const attack = defineAttack<{ frames: number }>({
  id: "A4",
  name: "Empty CONTINUATION",
  cves: ["CVE-2026-33871"],
  limits: ["continuationFrames"],
  sizes: { quick: { frames: 100_000 }, full: { frames: 1_000_000 } },
  async run(context, { frames }) {
    const empty = rawContinuation(1, new Uint8Array());
    const paced = await context.open();
    await beginBlock(paced, requestBlock(Path.run));
    await paced.push(repeatBytes(empty, mostFrames));
    const { code, closed, text } = await reactionOf(paced);
    context.check(
      `${mostFrames} frames: GOAWAY(ENHANCE_YOUR_CALM) and the end`,
      code === ErrorCode.enhanceYourCalm && closed,
      text,
    );
    const flood = await context.open();
    await beginBlock(flood, requestBlock(Path.run));
    await floodWith(flood, { frame: empty, count: frames });
    const reaction = await reactionOf(flood);
    context.check("the flood is cut off", reaction.closed, reaction.text);
    return `${text} after ${mostFrames} frames`;
  },
  async counter(context) {
    // A block whose END_HEADERS comes in an empty frame is odd, but allowed.
    const connection = await context.open();
    connection.send(
      openBlock(1, requestBlock(Path.run)),
      rawContinuation(1, new Uint8Array(), true),
      rawData(1, rawMessage([]), true),
    );
    const served = await connection.until(() => connection.dataBytes > 0, 5_000);
    context.check("one empty CONTINUATION is not cut", served && !connection.over);
    return `a block that ends with an empty CONTINUATION is ${served ? "served" : "not served"}`;
  },
});
