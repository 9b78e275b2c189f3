// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawData, rawFrame, rawMessage } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { Path, requestHeaders } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import { reactionOf } from "../raw/reaction.ts";
import { repeatBytes } from "../raw/repeat-bytes.ts";

/** Names that mean something to the objects of JavaScript. */
const traps = [
  "__proto__",
  "constructor",
  "prototype",
  "hasownproperty",
  "tostring",
  "valueof",
  "__definegetter__",
  "then",
];
/** Names that V8 hashes like array indices, so that they could be made to collide. */
const integers = Array.from({ length: 80 }, (_, index) => `${index * 2 ** 16}`);
/** An empty frame of a type that nobody knows: 9 octets, and a chunk of 64 KiB of them. */
const emptyFrame = rawFrame(0xfa, []);
const framesPerChunk = Math.floor(65_536 / emptyFrame.length);
const chunk = repeatBytes(emptyFrame, framesPerChunk);

/**
 * Traps of the runtime: metadata named like properties and like array indices, and reads of 64 KiB full of frames that mean
 * nothing, which would keep the one thread from everybody else while they are looked at.
 */
export const attack = defineAttack<{ calls: number; chunks: number; messages: number }>({
  id: "A27",
  name: "Runtime traps",
  cves: ["CVE-2026-21717"],
  sizes: {
    quick: { calls: 50, chunks: 10, messages: 500 },
    full: { calls: 5_000, chunks: 100, messages: 5_000 },
  },
  limits: ["turnFrames", "strayFrames"],
  async run(context, { calls, chunks }) {
    const client = await context.client();
    const named = [...traps, ...integers].map((name) => [name, "1"] as const);
    const results = await client.calls(calls, 10, { path: Path.echo, fields: named });
    const good = results.filter(isOk).length;
    context.check("calls with such metadata are calls like others", good === results.length, good);
    const connection = await context.open();
    let sent = 0;
    while (sent < chunks && (await connection.push(chunk))) sent++;
    const { closed, text } = await reactionOf(connection);
    context.check("who sends nothing but unknown frames is cut", closed, text);
    return `${good} of ${calls} calls with ${named.length} such names; ${framesPerChunk} empty frames a chunk: ${text} after ${sent} chunks or less`;
  },
  async counter(context, { messages }) {
    // A client stream of tiny messages in one write.
    const connection = await context.open();
    const body = repeatBytes(rawData(1, rawMessage([])), messages);
    connection.send(joinBytes(requestHeaders(1, Path.collect), body, rawData(1, new Uint8Array(), true)));
    await connection.until(() => connection.dataBytes > 0, 5_000);
    context.check("tiny messages in one read are not cut", connection.dataBytes > 0 && connection.goaway === undefined);
    return `${messages} tiny messages of one stream in one write answered`;
  },
});
