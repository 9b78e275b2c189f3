// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawSetting, RawType, rawData, rawMessage, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { uint32At } from "../raw/frame-cutter.ts";
import { holdOrder, Path, payloadField, requestHeaders } from "../raw/orders.ts";
import type { RawConnection } from "../raw/raw-connection.ts";
import { settingOf } from "../raw/reaction.ts";
import { repeatBytes } from "../raw/repeat-bytes.ts";

const defaultWindow = 65_535;
/** Messages of the counter-test, and octets of each. */
const messageBytes = 200;
const legitStreams = 1_000;
/** Streams that get a message in one turn, and milliseconds from turn to turn. */
const perTurn = 50;
const turnMs = 50;
/** Octets of the smallest report, prefix included. */
const leastReportBytes = 15;
/** Windows that are filled at most, when the target returns window all the time. */
const mostWindows = 4;

/**
 * Tiny DATA: frames of one octet until the window is full, of a request whose receiver does not read. Windows count octets, not
 * frames; what the router keeps for them must not be a multiple of the window.
 */
export const attack = defineAttack<{ connections: number; legitMs: number }>({
  id: "A11",
  name: "Tiny DATA",
  cves: ["RUSTSEC-2026-0258"],
  sizes: { quick: { connections: 20, legitMs: 4_000 }, full: { connections: 200, legitMs: 60_000 } },
  repeats: false,
  async run(context, { connections }) {
    const opened = await context.openMany(connections);
    const windows = await Promise.all(opened.map((connection) => fillWindow(connection)));
    const window = Math.max(...windows.map(({ sentOctets }) => sentOctets));
    // What was sent is on its way for a moment.
    await context.sleep(1_000);
    const perConnection = (await context.grownBytes()) / connections;
    context.check("a connection takes at most two windows", perConnection <= 2 * window, Math.round(perConnection));
    const cut = opened.filter((connection) => connection.over).length;
    return `${(perConnection / 1024).toFixed(0)} KiB for a window of ${Math.round(window / 1024)} KiB; ${cut} of ${connections} cut`;
  },
  async counter(context, { legitMs }) {
    const connection = await context.open();
    connection.send(rawWindowUpdate(0, 0x7fffffff - defaultWindow));
    const message = rawMessage(payloadField(5, messageBytes - 8));
    const ids = Array.from({ length: legitStreams }, (_, index) => 2 * index + 1);
    await connection.push(joinBytes(...ids.map((id) => requestHeaders(id, Path.converse))));
    return await converse(context, connection, { ids, message, legitMs });
  },
});

/** Sends octets of one message, a frame each, as long as there is window. */
async function fillWindow(connection: RawConnection): Promise<{ readonly sentOctets: number }> {
  await connection.until(() => connection.count(RawType.settings) > 0, 2_000);
  const window = settingOf(connection, RawSetting.initialWindowSize) ?? defaultWindow;
  const held = rawMessage(holdOrder);
  const prefix = Uint8Array.of(0, 0, 0x3f, 0xff, 0xff);
  connection.send(requestHeaders(1, Path.collect), rawData(1, joinBytes(held, prefix)));
  let sentOctets = held.length + prefix.length;
  const open = () => Math.min(window + granted(connection, 1), defaultWindow + granted(connection, 0)) - sentOctets;
  const frame = rawData(1, new Uint8Array(1));
  while (open() > 0 && sentOctets < mostWindows * window) {
    const count = Math.min(open(), 1_000);
    if (!(await connection.push(repeatBytes(frame, count)))) break;
    sentOctets += count;
    if (open() === 0) await connection.until(() => open() > 0, 500);
  }
  return { sentOctets };
}

/** Octets of window that came beyond the first. */
function granted({ frames }: RawConnection, streamId: number): number {
  let octets = 0;
  for (const frame of frames) {
    if (frame.type === RawType.windowUpdate && frame.streamId === streamId) octets += uint32At(frame.payload, 0);
  }
  return octets;
}

interface Conversation {
  readonly ids: readonly number[];
  readonly message: Uint8Array;
  readonly legitMs: number;
}

/** A message on each stream every second, and an answer to each. */
async function converse(context: AttackContext, connection: RawConnection, { ids, message, legitMs }: Conversation) {
  const untilMs = performance.now() + legitMs;
  let sent = 0;
  while (performance.now() < untilMs && !connection.over) {
    const turn = ids.slice(sent % ids.length, (sent % ids.length) + perTurn);
    await connection.push(joinBytes(...turn.map((id) => rawData(id, message))));
    sent += turn.length;
    await context.sleep(turnMs);
  }
  await connection.until(() => connection.dataBytes >= sent * leastReportBytes, 5_000);
  const good = connection.dataBytes >= sent * leastReportBytes && connection.resets.size === 0;
  context.check("many streams of small messages are not cut", good && !connection.over, connection.goaway?.debug);
  return `${sent} messages of ${message.length} octets on ${ids.length} streams ${good ? "answered" : "not answered"}`;
}
