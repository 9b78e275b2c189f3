// SPDX-License-Identifier: Apache-2.0
import {
  CallHeadView,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameView,
  MAX_FRAME_BYTES,
  MAX_HELLO_BYTES,
  MessageSplitter,
  PAYLOAD_OVERHEAD,
  ReplyHeadView,
  readCallHead,
  readFragment,
  readFrame,
  readReplyHead,
} from "@grpc-router/protocol";

/** The frame at hand; one record for all ears, since a frame is heard in one go. */
export const frame = new FrameView();
/** Its head, if it goes to the instance. */
export const callHead = new CallHeadView();
/** Its head, if it comes from the instance. */
export const replyHead = new ReplyHeadView();
/** Its payload, after `payloadCost`, if that is a slice. */
export const fragment = new FragmentView();
let frameBytes: Uint8Array = new Uint8Array();

/** What the payload of the frame at hand costs. */
export function payloadCost(): number {
  if (frame.payloadNumber !== FRAGMENT_NUMBER) return frame.payloadEnd - frame.payloadStart + PAYLOAD_OVERHEAD;
  readFragment(frameBytes, frame.payloadStart, frame.payloadEnd, fragment);
  return fragment.dataEnd - fragment.dataStart + PAYLOAD_OVERHEAD;
}

/** Cuts the bytes of one direction of a channel, at one of its ends, into frames. */
export class FrameEar {
  readonly #splitter = new MessageSplitter(MAX_HELLO_BYTES);
  readonly #isReply: boolean;
  readonly #onFrame: () => void;
  readonly #onFault: (what: string) => void;

  /** `onFrame` finds the frame in the records above. */
  constructor(isReply: boolean, onFrame: () => void, onFault: (what: string) => void) {
    this.#isReply = isReply;
    this.#onFrame = onFrame;
    this.#onFault = onFault;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const fault = this.#splitter.push(bytes, start, end, this);
    if (fault !== 0) this.#onFault(`bytes are no frames (${fault})`);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    frameBytes = bytes;
    let fault: number = readFrame(bytes, start, end, frame);
    if (fault === 0) {
      fault = this.#isReply
        ? readReplyHead(bytes, frame.headStart, frame.headEnd, replyHead)
        : readCallHead(bytes, frame.headStart, frame.headEnd, callHead);
    }
    if (fault === 0) this.#onFrame();
    else this.#onFault(`a frame cannot be read (${fault})`);
  }

  /** Hello or Welcome is over. */
  limit(): void {
    this.#splitter.maxBytes = MAX_FRAME_BYTES;
  }
}
