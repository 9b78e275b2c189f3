// SPDX-License-Identifier: Apache-2.0
import { reasons } from "@grpc-router/protocol";
import { rawMessage } from "@grpc-router/testing";
import { type Bed, registered } from "../../../packages/bridge/src/testing/bridge-bed.suite.ts";
import { echoNumbers } from "../../../packages/bridge/src/testing/echo-service.suite.ts";
import type { CallFrame } from "../../../packages/bridge/src/testing/peer-frames.suite.ts";
import type { ByteSource } from "./byte-source.ts";
import { ensure } from "./ensure.ts";

const numbers = Object.values(echoNumbers);
const payloads = [0, 3, 400, 16_384].map((size) => new Uint8Array(size));
/** Longer than any wait of the bridge. */
const longMs = 95_000;
/** What user code, or the bridge around it, has left unhandled. */
let unhandled: unknown;
let listens = false;

/** A bridge whose router says what the input says. */
export async function checkBridge(source: ByteSource): Promise<void> {
  listenForRejections();
  const bed = await registered(
    {
      say: ({ value }) => ({ value }),
      async *list({ value }) {
        yield { value };
        yield { value: `${value}2` };
      },
      async join(requests) {
        let count = 0;
        for await (const _ of requests) count++;
        return { value: String(count) };
      },
      async *chat(requests) {
        for await (const { value } of requests) yield { value };
      },
      blob: ({ value }) => ({ value }),
    },
    { welcome: { initialCredit: 65_536 } },
  );
  while (!source.atEnd) {
    say(bed, source);
    await bed.scheduler.settle();
  }
  checkReplies(bed);
  bed.connection.close();
  await bed.scheduler.advanceSettled(longMs);
  await bed.connection.closed;
  ensure(bed.scheduler.pendingTimers <= 2, "no timer of the bridge may be left", () => bed.scheduler.pendingTimers);
  ensure(unhandled === undefined, "no promise may be rejected unhandled", () => String(unhandled));
}

function say(bed: Bed, source: ByteSource): void {
  const op = source.octet();
  const { channel } = bed;
  if (channel.closed !== undefined) source.rest();
  else if (op % 8 === 0) channel.sendBytes(source.bytes(source.octet()));
  else if (op % 8 < 4) channel.sendBytes(rawMessage(source.bytes(source.octet())));
  else if (op % 8 < 7) channel.send(frameOf(source));
  else bed.scheduler.advance(source.octet() * 40);
}

/** A frame of a router that is well formed, and sometimes right at its place. */
function frameOf(source: ByteSource): CallFrame {
  const choice = source.octet();
  const value = source.octet();
  const method = numbers[value % numbers.length] ?? 0;
  const payload = payloads[value % payloads.length] ?? new Uint8Array(0);
  const head = {
    callId: BigInt(source.octet() % 8),
    ...(choice & 1 && { start: { method, timeoutUs: BigInt(value % 3) * 10_000n, authority: "a", subtype: "" } }),
    ...(choice & 2 && { halfClose: true }),
    ...(choice & 4 && { credit: value * 100 }),
    ...(choice & 8 && { cancel: { mode: value % 4 } }),
  };
  if (choice & 16) return { head, member: [method, payload] };
  if (choice & 32)
    return { head, fragment: { remaining: source.octet() * 16, compressed: value > 0xc0, data: payload } };
  if (choice >= 0xc0) return { head: { control: { kind: { case: "drain", value: { reason: "ROUTER_DRAINING" } } } } };
  return { head };
}

/** One End a call and last, marks that rise, and a Close only with a known reason. */
function checkReplies({ channel }: Bed): void {
  const ended = new Set<bigint>();
  let mark = 0n;
  for (const { head } of channel.frames) {
    if (head.callId !== 0n) ensure(!ended.has(head.callId), "nothing may follow an End", () => String(head.callId));
    if (head.end !== undefined) ended.add(head.callId);
    ensure(head.acceptedThrough === 0n || head.acceptedThrough >= mark, "marks must rise", () => String(mark));
    if (head.acceptedThrough !== 0n) mark = head.acceptedThrough;
  }
  for (const { reason } of channel.controls("close"))
    ensure(reason in reasons, "a Close must have a reason", () => reason);
}

function listenForRejections(): void {
  unhandled = undefined;
  if (listens) return;
  listens = true;
  process.on("unhandledRejection", (error) => {
    unhandled = error;
  });
}
