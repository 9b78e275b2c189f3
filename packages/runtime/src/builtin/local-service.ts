// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";

/** What a local service may do with one call. The forwarder implements it on the client's stream. */
export interface LocalCall {
  /** Something that was sent has not been taken by the client connection's writer yet: send no more before `onTaken`. */
  readonly busy: boolean;
  /** Sends a response message, without prefix; the bytes must not change any more. The first implies empty headers. */
  send(message: Uint8Array): void;
  /** Ends the call with a gRPC status code and text (plain, not percent-encoded). Nothing may follow. */
  end(code: number, message: string): void;
}

/** What the forwarder tells a local service about one call. After `onCancel`, or the service's own `end`, nothing more. */
export interface LocalCallHandler {
  /**
   * A request message, without prefix and uncompressed; valid during the call. The next one comes only when `busy` is
   * false again, so a client that does not read holds one answer and not all of them.
   */
  onMessage(message: Uint8Array): void;
  /** The client sends no more messages. */
  onHalfClose(): void;
  /** The client has gone, the deadline has passed, or the router closes. */
  onCancel(): void;
  /** `busy` is false again. */
  onTaken(): void;
}

/** A service that the router answers itself. The forwarder dispatches to it as to an instance: path in, messages both ways. */
export interface LocalService {
  /** The service, for its paths and for reflection. */
  readonly desc: DescService;
  /** A call of `method` begins. May answer at once, before it returns. */
  start(method: DescMethod, call: LocalCall): LocalCallHandler;
}
