// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawFlag, RawType, rawContinuation, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { beginBlock, openBlock } from "../raw/open-block.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";
import { repeatBytes } from "../raw/repeat-bytes.ts";

const mostFrames = 9;
const mostCpuMs = 5;
/** Floods of which the cheapest counts: the victim's calls and garbage collection use the processor, too, and only add. */
const floods = 9;
const mib = 1024 * 1024;

/**
 * CONTINUATION flood: a header block that never ends, which servers kept in memory or decoded for ever. The router takes 8
 * CONTINUATION frames and 16 KiB, then it says GOAWAY.
 */
export const attack = defineAttack<{ megabytes: number }>({
  id: "A3",
  name: "CONTINUATION flood",
  cves: ["CVE-2023-45288", "CVE-2024-27983", "CVE-2024-28182", "CVE-2024-27316", "CVE-2024-30255"],
  limits: ["continuationFrames", "headerBlockBytes"],
  sizes: { quick: { megabytes: 16 }, full: { megabytes: 1_024 } },
  async run(context, { megabytes }) {
    const paced = await context.open();
    await beginBlock(paced, requestBlock(Path.run));
    await paced.push(repeatBytes(rawContinuation(1, new Uint8Array([0x82])), mostFrames));
    const { code, closed, text } = await reactionOf(paced);
    context.check(
      `${mostFrames} frames: GOAWAY(ENHANCE_YOUR_CALM) and the end`,
      code === ErrorCode.enhanceYourCalm && closed,
      text,
    );

    // Indexed fields: each octet of the flood would be a field.
    const frame = rawContinuation(1, new Uint8Array(16_384).fill(0x82));
    const chunk = repeatBytes(frame, Math.ceil(mib / frame.length));
    let cheapestMs = Number.POSITIVE_INFINITY;
    let mostSent = 0;
    for (let flood = 0; flood < floods; flood++) {
      const connection = await context.open();
      const beforeMs = context.cpuMs();
      await beginBlock(connection, requestBlock(Path.run));
      for (let sent = 0; sent < megabytes && (await connection.push(chunk)); sent++);
      const { closed: over } = await reactionOf(connection);
      cheapestMs = Math.min(cheapestMs, context.cpuMs() - beforeMs);
      context.check("the flood is cut off", over);
      mostSent = Math.max(mostSent, connection.sentBytes);
    }
    context.check(`a flood costs less than ${mostCpuMs} ms of processor time`, cheapestMs < mostCpuMs, cheapestMs);
    return `${text} after ${mostFrames} frames, ${cheapestMs.toFixed(1)} ms CPU for ${Math.ceil(mostSent / mib)} MiB sent`;
  },
  async counter(context) {
    const connection = await context.open();
    const block = requestBlock(Path.run, [["x-long", "v".repeat(3_000)]]);
    const pieces = Array.from({ length: 8 }, (_, index) =>
      block.subarray(index * 500, index === 7 ? undefined : (index + 1) * 500),
    );
    const [first = new Uint8Array(), ...rest] = pieces;
    connection.send(
      joinBytes(
        openBlock(1, first),
        ...rest.map((piece, index) => rawContinuation(1, piece, index === rest.length - 1)),
        rawData(1, rawMessage([]), true),
      ),
    );
    const ended = () =>
      connection.frames.some(({ type, flags }) => type === RawType.headers && (flags & RawFlag.endStream) !== 0);
    const answered = await connection.until(() => ended() && connection.dataBytes > 0, 5_000);
    context.check("a request in 8 pieces is served", answered && !connection.over);
    return `a request in ${pieces.length} pieces is ${answered ? "served" : "not served"}`;
  },
});
