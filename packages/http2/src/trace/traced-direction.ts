// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, maxFrameBytes, readUint31 } from "../frame/frame-header.js";
import { FrameFlag, FrameType } from "../frame/frame-type.js";
import { SettingId } from "../frame/settings.js";
import type { ReaderScope } from "../hpack/reader-scope.js";
import { broken, describePayload, describePriority, eachSetting, priorityBytes } from "./describe-payload.js";
import { escapeOctets } from "./escape-octets.js";
import { type CutFrames, FrameCutter } from "./frame-cutter.js";
import { nameOfFrameType, namesOfFlags } from "./frame-names.js";
import { HeaderTrace, type ReceivedState } from "./header-trace.js";
import { MessageTrace } from "./message-trace.js";

/** Writes one event: its line, and lines that belong below it. */
export type WriteEvent = (head: string, below: readonly string[]) => void;

/** Width of the longest usual name, WINDOW_UPDATE. */
const nameChars = 13;
/** Octets of the promised stream's id in PUSH_PROMISE. */
const promisedBytes = 4;

/** One direction of a connection: its frames in words, with the memory that takes. */
export class TracedDirection implements CutFrames {
  /** The direction in which answers go. */
  other: TracedDirection | undefined;
  readonly #write: WriteEvent;
  readonly #cutter = new FrameCutter(this);
  readonly #headers: HeaderTrace;
  readonly #messages = new MessageTrace();

  constructor(scope: ReaderScope, write: WriteEvent) {
    this.#headers = new HeaderTrace(scope);
    this.#write = write;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#cutter.push(bytes, start, end);
  }

  /** The connection is under way; see `HeaderTrace`. */
  join(state: ReceivedState): void {
    this.#headers.join(state);
  }

  /** The same of the other direction. */
  joinAfter(block: Uint8Array): void {
    this.#headers.joinAfter(block);
  }

  /** No more DATA comes on this stream. */
  endMessages(streamId: number): void {
    this.#messages.end(streamId);
  }

  /** The other side allows an HPACK table of this size. */
  allowTable(sizeBytes: number): void {
    this.#headers.allowTable(sizeBytes);
  }

  onPreface(): void {
    this.#write("preface", []);
  }

  onForeign(bytes: Uint8Array, end: number): void {
    this.#write(`not HTTP/2: "${escapeOctets(bytes, 0, end)}"`, []);
  }

  onTooLong(length: number): void {
    this.#write(`a frame of ${length} octets, more than ${maxFrameBytes}: nothing after it is shown`, []);
  }

  onFrame(bytes: Uint8Array, end: number): void {
    const type = bytes[3] ?? 0;
    const flags = bytes[4] ?? 0;
    const id = readUint31(bytes, 5);
    const names = namesOfFlags(type, flags);
    const words = [
      `${nameOfFrameType(type).padEnd(nameChars)} stream=${id} length=${end - frameHeaderBytes}`,
      ...(names === "" ? [] : [`flags=${names}`]),
    ];
    const interrupted = this.#headers.awaited;
    if (interrupted !== 0 && (type !== FrameType.continuation || id !== interrupted)) {
      words.push(broken(`the header block of stream ${interrupted} must go on`));
      this.#headers.giveUp("a header block was interrupted");
    }
    const below = this.#describe({ type, flags, id, bytes, end }, words);
    this.#write(words.join(" "), below);
  }

  /** Adds to the words of a frame; returns the lines below it. */
  #describe(frame: TracedFrame, words: string[]): string[] {
    const { type, id, bytes, end } = frame;
    switch (type) {
      case FrameType.data:
        this.#describeData(frame, words);
        return [];
      case FrameType.headers:
      case FrameType.pushPromise:
        return this.#describeHead(frame, words);
      case FrameType.continuation:
        return this.#describeContinuation(frame, words);
      case FrameType.rstStream:
        this.endMessages(id);
        this.other?.endMessages(id);
        break;
      case FrameType.settings:
        this.#noteSettings(bytes, end);
    }
    words.push(...describePayload(type, bytes, frameHeaderBytes, end));
    return [];
  }

  #describeData({ flags, id, bytes, end }: TracedFrame, words: string[]): void {
    const payload = withoutPadding(flags, bytes, end, words);
    if (payload !== undefined) words.push(...this.#messages.find(id, bytes, payload.start, payload.end));
    if ((flags & FrameFlag.endStream) !== 0) this.#messages.end(id);
  }

  #describeHead({ type, flags, id, bytes, end }: TracedFrame, words: string[]): string[] {
    const payload = withoutPadding(flags, bytes, end, words);
    let from = payload?.start ?? end;
    const extra =
      type === FrameType.pushPromise ? promisedBytes : (flags & FrameFlag.priority) === 0 ? 0 : priorityBytes;
    if (payload === undefined || from + extra > payload.end) {
      if (payload !== undefined) words.push(broken("too short for its fields"));
      this.#headers.giveUp("a frame of a header block was broken");
      return [];
    }
    if (type === FrameType.pushPromise) words.push(`promised=${readUint31(bytes, from)}`);
    else if (extra > 0) words.push(describePriority(bytes, from));
    from += extra;
    this.#headers.begin(id, type === FrameType.headers && (flags & FrameFlag.endStream) !== 0);
    return this.#append(flags, id, bytes, from, payload.end);
  }

  #describeContinuation({ flags, id, bytes, end }: TracedFrame, words: string[]): string[] {
    if (this.#headers.awaited !== 0) return this.#append(flags, id, bytes, frameHeaderBytes, end);
    words.push(broken("no header block goes on here"));
    return [];
  }

  #append(flags: number, id: number, bytes: Uint8Array, start: number, end: number): string[] {
    const isLast = (flags & FrameFlag.endHeaders) !== 0;
    const fields = this.#headers.append(bytes, start, end, isLast);
    if (isLast && this.#headers.endsStream) this.#messages.end(id);
    else if (isLast && this.#headers.isGrpc) this.#messages.begin(id);
    return fields;
  }

  #noteSettings(bytes: Uint8Array, end: number): void {
    for (const [setting, value] of eachSetting(bytes, frameHeaderBytes, end)) {
      if (setting === SettingId.headerTableSize) this.other?.allowTable(value);
    }
  }
}

interface TracedFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  /** Header and payload: `bytes[0, end)`. */
  readonly bytes: Uint8Array;
  readonly end: number;
}

/** Where the payload is without its padding; undefined if there is less payload than padding. */
function withoutPadding(
  flags: number,
  bytes: Uint8Array,
  end: number,
  words: string[],
): { readonly start: number; readonly end: number } | undefined {
  if ((flags & FrameFlag.padded) === 0) return { start: frameHeaderBytes, end };
  const padding = bytes[frameHeaderBytes] ?? 0;
  const start = frameHeaderBytes + 1;
  if (start + padding > end) {
    words.push(broken("padding longer than the payload"));
    return undefined;
  }
  words.push(`padding=${padding}`);
  return { start, end: end - padding };
}
