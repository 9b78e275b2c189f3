// SPDX-License-Identifier: Apache-2.0

import {
  type FragmentView,
  MAX_PAYLOAD_BYTES,
  MAX_PIECE_BYTES,
  PAYLOAD_OVERHEAD,
  pieceOf,
  type Reason,
} from "@grpc-router/protocol";
import { type Call, CallPhase, executionOf } from "./call.js";
import { type CallEnd, encodeBadMessage, encodeNotOneRequest, encodeTooLarge } from "./call-end.js";
import { failCall } from "./call-life.js";
import { MessageAssembly } from "./message-assembly.js";

/** Cost of a message whose credit went back while it was assembled; every other message costs at least the overhead. */
export const PREPAID = 0;

/**
 * A payload that came as a member: the whole message is `bytes[start, end)`. `halfClose`: nothing follows in the frame or
 * behind it, so the call begins or ends before `bytes` are overwritten. The channel's fault, if it is one.
 */
export function receiveMember(
  call: Call,
  bytes: Uint8Array,
  start: number,
  end: number,
  halfClose: boolean,
): Reason | undefined {
  if (call.phase > CallPhase.begun) return undefined;
  if (call.assembly !== undefined) return "FRAGMENT_INVALID";
  const size = end - start;
  if (size > MAX_PAYLOAD_BYTES) return "FRAME_TOO_LARGE";
  const cost = size + PAYLOAD_OVERHEAD;
  if (cost > call.requestCredit) return "CREDIT_EXCEEDED";
  call.requestCredit -= cost;
  if (size > call.port.maxRequestBytes) failCall(call, tooLarge(call, size));
  else if (halfClose && size <= MAX_PIECE_BYTES && takesOne(call)) setRequest(call, bytes, start, end);
  else {
    call.port.buffered(call, size + overheadOf(call));
    deliver(call, pieceOf(bytes, start, end), cost);
  }
  return undefined;
}

/** A payload that came as a slice. The channel's fault, if it is one. */
export function receiveFragment(call: Call, bytes: Uint8Array, view: FragmentView): Reason | undefined {
  if (call.phase > CallPhase.begun) return undefined;
  const size = view.dataEnd - view.dataStart;
  if (size > MAX_PAYLOAD_BYTES) return "FRAME_TOO_LARGE";
  // Only an empty message is a slice without data; of anything longer it would be work without progress.
  if (size === 0 && view.remaining > 0) return "FRAGMENT_INVALID";
  const cost = size + PAYLOAD_OVERHEAD;
  if (cost > call.requestCredit) return "CREDIT_EXCEEDED";
  if (call.intake !== undefined) {
    call.requestCredit -= cost;
    return call.intake.slice(bytes, view, cost);
  }
  const assembly = call.assembly ?? beginAssembly(call, size + view.remaining, view.compressed);
  if (assembly === undefined) return undefined;
  const isFirst = call.assembly === undefined;
  const fits = isFirst || (size > 0 && view.compressed === assembly.compressed);
  if (!fits || assembly.remaining !== size + view.remaining) return "FRAGMENT_INVALID";
  call.requestCredit -= cost;
  call.assembly = assembly;
  assembly.append(bytes, view.dataStart, view.dataEnd);
  assembly.heldCost += cost;
  call.port.buffered(call, size);
  // The buffer's limit may just have ended this very call.
  if (call.assembly === undefined) return undefined;
  if (view.remaining > 0) prepay(call, assembly);
  else complete(call, assembly);
  return undefined;
}

/** No request message follows. The channel's fault, if it is one. */
export function receiveHalfClose(call: Call): Reason | undefined {
  if (call.phase > CallPhase.begun) return undefined;
  if (call.assembly !== undefined || call.intake?.isInMessage === true) return "FRAGMENT_INVALID";
  call.halfClosed = true;
  call.queue?.close();
  call.intake?.close();
  return undefined;
}

/** A message assembled ahead of the reader has been taken, so the next one may be assembled ahead. */
export function prepaidTaken(call: Call): void {
  call.hasPrepaid = false;
  if (call.assembly !== undefined) prepay(call, call.assembly);
}

function beginAssembly(call: Call, totalBytes: number, compressed: boolean): MessageAssembly | undefined {
  // At once: nobody will take it, so no credit would come back for it, and its last slice might never come.
  if (call.request !== undefined) {
    failCall(call, encodeNotOneRequest(call.method.label, "a second one", executionOf(call)));
    return undefined;
  }
  if (totalBytes > call.port.maxRequestBytes) {
    failCall(call, tooLarge(call, totalBytes));
    return undefined;
  }
  return new MessageAssembly(totalBytes, compressed);
}

/**
 * Gives the credit of a message back while it is being assembled, so that one larger than the window passes; but only
 * for one message ahead of the reader, or a reader that stands still would be sent everything.
 */
function prepay(call: Call, assembly: MessageAssembly): void {
  if (call.hasPrepaid && !assembly.prepaid) return;
  call.hasPrepaid = true;
  assembly.prepaid = true;
  const cost = assembly.heldCost;
  assembly.heldCost = 0;
  call.port.consumed(call, cost);
}

function complete(call: Call, assembly: MessageAssembly): void {
  call.assembly = undefined;
  if (assembly.prepaid) prepay(call, assembly);
  const cost = assembly.prepaid ? PREPAID : assembly.heldCost;
  const message = assembly.take();
  if (!assembly.compressed) {
    if (call.queue !== undefined) call.port.buffered(call, overheadOf(call));
    deliver(call, message, cost);
    return;
  }
  const inflated = inflate(call, message);
  if (inflated === undefined) return;
  call.port.buffered(call, inflated.length - message.length + overheadOf(call));
  deliver(call, inflated, cost);
}

/** What a message counts beside its bytes while it waits in a queue: a window holds a thousand that are empty. */
function overheadOf(call: Call): number {
  return call.queue === undefined ? 0 : PAYLOAD_OVERHEAD;
}

function inflate(call: Call, message: Uint8Array): Uint8Array | undefined {
  try {
    if (!call.gzip) throw new Error("it is compressed, but grpc-encoding is identity");
    const inflated = call.port.inflate(message);
    // A plain array, also where the host gives a subclass of its own: bytes fields of the message are views into it.
    if (inflated !== undefined) return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.byteLength);
    failCall(call, tooLarge(call, `more than ${call.port.maxRequestBytes}`));
    return undefined;
  } catch (error) {
    failCall(call, encodeBadMessage(call.method.label, error, executionOf(call)));
    return undefined;
  }
}

function deliver(call: Call, message: Uint8Array, cost: number): void {
  if (call.phase > CallPhase.begun) return;
  if (call.queue !== undefined) call.queue.push(message, cost);
  else if (takesOne(call)) setRequest(call, message, 0, message.length);
  else failCall(call, encodeNotOneRequest(call.method.label, "a second one", executionOf(call)));
}

/** The method reads one message, which has not come yet. */
function takesOne(call: Call): boolean {
  return call.queue === undefined && call.request === undefined && call.phase === CallPhase.received;
}

function setRequest(call: Call, bytes: Uint8Array, start: number, end: number): void {
  call.request = bytes;
  call.requestStart = start;
  call.requestEnd = end;
}

function tooLarge(call: Call, size: number | string): CallEnd {
  const limit = call.port.maxRequestBytes;
  return encodeTooLarge({ direction: "a request", method: call.method.label, limit, size }, executionOf(call));
}
