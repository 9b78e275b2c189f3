// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import {
  joinBytes,
  RawSetting,
  RawType,
  rawData,
  rawFrame,
  rawMessage,
  rawSettings,
  rawWindowUpdate,
} from "@grpc-router/testing/raw-http2";
import { startProcess } from "../../harness/processes.ts";
import { type AttackContext, defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestHeaders, watchOrder } from "../raw/orders.ts";
import { openRawServer } from "../raw/raw-server.ts";
import { reactionOf } from "../raw/reaction.ts";
import { repeatBytes } from "../raw/repeat-bytes.ts";

const dialerProgram = fileURLToPath(new URL("../processes/dialer-process.ts", import.meta.url));

/** SETTINGS that end a connection, and the code of the GOAWAY (RFC 9113 section 6.5). */
interface Vector {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: number;
}

const { protocolError, flowControlError, frameSizeError, enhanceYourCalm } = ErrorCode;
const tableThrash = rawSettings(
  Array.from({ length: 32 }, (_, index) => [RawSetting.headerTableSize, (index % 2) * 4096]),
);

const vectors: readonly Vector[] = [
  { name: "MAX_FRAME_SIZE 0", bytes: rawSettings([[RawSetting.maxFrameSize, 0]]), code: protocolError },
  { name: "MAX_FRAME_SIZE 16,383", bytes: rawSettings([[RawSetting.maxFrameSize, 16_383]]), code: protocolError },
  { name: "MAX_FRAME_SIZE 2^24", bytes: rawSettings([[RawSetting.maxFrameSize, 2 ** 24]]), code: protocolError },
  { name: "window 2^31", bytes: rawSettings([[RawSetting.initialWindowSize, 2 ** 31]]), code: flowControlError },
  { name: "window 2^32-1", bytes: rawSettings([[RawSetting.initialWindowSize, 2 ** 32 - 1]]), code: flowControlError },
  { name: "ENABLE_PUSH 2", bytes: rawSettings([[RawSetting.enablePush, 2]]), code: protocolError },
  { name: "five octets", bytes: rawFrame(RawType.settings, [0, 3, 0, 0, 0]), code: frameSizeError },
  { name: "on a stream", bytes: rawFrame(RawType.settings, [], { streamId: 1 }), code: protocolError },
  {
    name: "ack with a payload",
    bytes: joinBytes(rawSettings(), rawFrame(RawType.settings, [0, 3, 0, 0, 0, 1], { flags: 1 })),
    code: frameSizeError,
  },
  { name: "33 entries", bytes: rawSettings(Array.from({ length: 33 }, () => [99, 1])), code: enhanceYourCalm },
  { name: "a table that grows and shrinks 6,400 times", bytes: repeatBytes(tableThrash, 200), code: enhanceYourCalm },
];

/** What only a server may not say. */
const serverVectors: readonly Vector[] = [
  { name: "ENABLE_PUSH 1", bytes: rawSettings([[RawSetting.enablePush, 1]]), code: protocolError },
];

/**
 * SETTINGS that are out of range, too many or contradict themselves, to the target as a server and, as a hostile server
 * would send them (a Go client fell into an endless loop over MAX_FRAME_SIZE 0), to an instance that dials.
 */
export const attack = defineAttack<{ rounds: number }>({
  id: "A16",
  name: "Bad SETTINGS",
  cves: ["CVE-2026-33814"],
  sizes: { quick: { rounds: 3 }, full: { rounds: 30 } },
  repeats: false,
  limits: ["settingsFrames", "settingsEntries"],
  async run(context, { rounds }) {
    let right = 0;
    for (let round = 0; round < rounds; round++) {
      for (const { name, bytes, code } of vectors) {
        const connection = await context.open();
        connection.send(bytes);
        const reaction = await reactionOf(connection);
        const holds = reaction.code === code && reaction.closed;
        context.check(`${name} gets GOAWAY(${code}) and the end`, holds, reaction.text);
        if (holds) right++;
        connection.destroy();
      }
    }
    const dialled = context.target === "router" ? `; ${await serveDialers(context)}` : "";
    return `${right} of ${rounds * vectors.length} ended by the right code${dialled}`;
  },
  async counter(context) {
    const negative = await shrinkBelowZero(context);
    const settings = [RawSetting.headerTableSize, RawSetting.initialWindowSize] as const;
    const client = await context.client();
    // Table sizes that change between calls: what the target sends must stay readable.
    for (let index = 0; index < 20; index++) {
      client.connection.send(
        rawSettings(settings.map((setting) => [setting, setting === 1 ? (index % 3) * 2048 : 65_535])),
      );
      const { status } = await client.call({ path: Path.echo });
      context.check("a call after a change of the table's size is answered", status === 0, status);
    }
    return `${negative}; 20 changes of the table's size between calls`;
  },
});

/** Takes the initial window below what has been sent: not one octet may come before the window is above zero again. */
async function shrinkBelowZero(context: AttackContext): Promise<string> {
  const connection = await context.open();
  const order = rawMessage(watchOrder(10, 20_000));
  connection.send(rawWindowUpdate(0, 1_000_000), joinBytes(requestHeaders(1, Path.watch), rawData(1, order, true)));
  await connection.until(() => connection.dataBytes >= 65_535, 3_000);
  connection.send(rawSettings([[RawSetting.initialWindowSize, 0]]), rawWindowUpdate(1, 65_535));
  await context.sleep(200);
  const held = connection.dataBytes;
  connection.send(rawWindowUpdate(1, 1));
  await connection.until(() => connection.dataBytes > held, 2_000);
  await context.sleep(100);
  context.check("a window below zero holds", held === 65_535, held);
  context.check(
    "an octet of window is an octet of DATA",
    connection.dataBytes === held + 1,
    connection.dataBytes - held,
  );
  return "a window below zero held to the octet";
}

/** Answers an instance of ours with each vector. */
async function serveDialers(context: AttackContext): Promise<string> {
  const all = [...vectors, ...serverVectors];
  const servers = await Promise.all(all.map(({ bytes }) => openRawServer(bytes)));
  const dialer = await startProcess(process.execPath, { args: [dialerProgram, ...servers.map(({ url }) => url)] });
  let right = 0;
  for (const [index, { name, code }] of all.entries()) {
    const said = await servers[index]?.farewell(10_000);
    context.check(`as a client: ${name} gets GOAWAY(${code}) and the end`, said === code, said ?? "still there");
    if (said === code) right++;
  }
  await dialer.stop();
  for (const server of servers) server.close();
  return `as a client ${right} of ${all.length}`;
}
