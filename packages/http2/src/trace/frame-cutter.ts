// SPDX-License-Identifier: Apache-2.0
import { InputCarry } from "../connection/input-carry.js";
import { frameHeaderBytes, maxFrameBytes, readUint24 } from "../frame/frame-header.js";
import { clientPreface } from "../frame/preface.js";
import { maxTracedValueBytes } from "../limits.js";

/** What a `FrameCutter` finds. Bytes are valid during the call. */
export interface CutFrames {
  onPreface(): void;
  /** One whole frame, `bytes[0, end)`. */
  onFrame(bytes: Uint8Array, end: number): void;
  /** The first octets are not those of HTTP/2: `bytes[0, end)` says what they are. Nothing comes after it. */
  onForeign(bytes: Uint8Array, end: number): void;
  /** A frame of `length` octets, more than anybody here takes. Nothing comes after it. */
  onTooLong(length: number): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts the octets of one direction into frames, however they come in pieces. It copies every octet, which the engine
 * does not: this is for looking on.
 */
export class FrameCutter {
  readonly #found: CutFrames;
  readonly #carry = new InputCarry();
  #state: "start" | "preface" | "frames" | "foreign" | "over" = "start";

  constructor(found: CutFrames) {
    this.#found = found;
  }

  /** Takes `bytes[start, end)`. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state !== "over") {
      at = this.#carry.fill(bytes, at, end, this.#wanted());
      this.#look();
    }
  }

  /** Octets that must be there before the next look. */
  #wanted(): number {
    const { length, bytes } = this.#carry;
    switch (this.#state) {
      case "preface":
        return clientPreface.length;
      case "foreign":
        // One by one up to the end of a line; there are few.
        return length + 1;
      default:
        return length < frameHeaderBytes ? frameHeaderBytes : frameHeaderBytes + readUint24(bytes, 0);
    }
  }

  #look(): void {
    const { length } = this.#carry;
    if (this.#state === "start" && length === frameHeaderBytes) this.#lookAtStart();
    if (this.#state === "preface" && length === clientPreface.length) this.#lookAtPreface();
    if (this.#state === "foreign") this.#lookAtForeign();
    if (this.#state === "frames" && length >= frameHeaderBytes) this.#lookAtFrame();
  }

  #lookAtStart(): void {
    const { bytes } = this.#carry;
    if (beginsWithPreface(bytes, frameHeaderBytes)) this.#state = "preface";
    else this.#state = readUint24(bytes, 0) > maxFrameBytes ? "foreign" : "frames";
  }

  #lookAtPreface(): void {
    if (!beginsWithPreface(this.#carry.bytes, clientPreface.length)) {
      this.#state = "foreign";
      return;
    }
    this.#carry.clear();
    this.#state = "frames";
    this.#found.onPreface();
  }

  /** Text is shown up to the end of its first line, all else as far as it is known to be something else. */
  #lookAtForeign(): void {
    const { bytes, length } = this.#carry;
    const isWhole = bytes[length - 1] === lineFeed || length >= maxTracedValueBytes;
    if (!isWhole && isText(bytes, length)) return;
    this.#found.onForeign(bytes, length);
    this.#end();
  }

  #lookAtFrame(): void {
    const { bytes, length } = this.#carry;
    const payload = readUint24(bytes, 0);
    if (payload > maxFrameBytes) {
      this.#found.onTooLong(payload);
      this.#end();
    } else if (length === frameHeaderBytes + payload) {
      this.#found.onFrame(bytes, length);
      this.#carry.clear();
    }
  }

  #end(): void {
    this.#carry.clear();
    this.#state = "over";
  }
}

function beginsWithPreface(bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== clientPreface[at]) return false;
  }
  return true;
}

function isText(bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) {
    const octet = bytes[at] ?? 0;
    if ((octet < 0x20 || octet > 0x7e) && octet !== carriageReturn && octet !== lineFeed) return false;
  }
  return true;
}
