// SPDX-License-Identifier: Apache-2.0
import type { Stream } from "../connection/connection.js";
import { ReceiveWindow } from "../flow/receive-window.js";
import { SendWindow } from "../flow/send-window.js";
import type { HeaderTemplate } from "../hpack/header-template.js";
import type { QueueChunk } from "./send-queue.js";
import { StreamState } from "./stream-state.js";

/** Trailers that wait behind queued DATA: not encoded yet, because HPACK lives by the order of the wire. */
export interface QueuedHead {
  readonly template: HeaderTemplate;
  readonly literals: Uint8Array;
}

/**
 * All the engine knows of one stream. Records are pooled, so every field is here from the start and `resetRecord`
 * sets each anew; the fields are plain because the hot path reads them from many modules.
 */
export class StreamRecord<Data> implements Stream<Data> {
  /** 0 while the record is in the pool. */
  id = 0;
  data: Data | undefined = undefined;
  state: StreamState = StreamState.idle;

  readonly send = new SendWindow(0);
  readonly receive = new ReceiveWindow(0);
  /** Octets of `content-length` still to come; -1: no content-length to check. */
  contentLeft = -1;
  /** In the table of its connection: `onClosed` has not been told. */
  isOpen = false;
  /** The first head has arrived. */
  headReceived = false;
  /** HEADERS of ours went out. */
  headSent = false;

  /** DATA that waits for window or room, oldest first. */
  queueFirst: QueueChunk | undefined = undefined;
  queueLast: QueueChunk | undefined = undefined;
  queuedBytes = 0;
  /** Trailers behind the queue. */
  queuedHead: QueuedHead | undefined = undefined;
  /** END_STREAM was asked for and is not written: it goes with the last of the queue, with `queuedHead`, or alone. */
  ending = false;

  /** Room was asked for and not found: `onRoom` is owed when there is more than `roomFound`. */
  wantsRoom = false;
  roomFound = 0;
  /** RST_STREAM with NO_ERROR follows END_STREAM: the rest of the request is not wanted. */
  resetAfterEnd = false;
  /** When a sweep first saw this stream wait with `sentBytes` at `sentAtStall`; -1: not waiting. */
  waitingSinceMs = -1;
  /** Octets of DATA framed in the life of the stream. */
  sentBytes = 0;
  sentAtStall = 0;

  /** Links of the ready ring (see `ReadyRing`). */
  isReady = false;
  readyNext: StreamRecord<Data> | undefined = undefined;
  readyPrevious: StreamRecord<Data> | undefined = undefined;
  /** Link of the chain in `StreamTable`, then of that of closed streams. */
  nextInSlot: StreamRecord<Data> | undefined = undefined;

  get sendWindow(): number {
    return this.send.available;
  }

  get remoteEnded(): boolean {
    return this.state >= StreamState.halfClosedRemote;
  }

  get localEnded(): boolean {
    return this.ending || this.state === StreamState.halfClosedLocal || this.state === StreamState.closed;
  }
}
