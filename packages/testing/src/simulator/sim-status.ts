// SPDX-License-Identifier: Apache-2.0

/**
 * A status that user code of simulations ends a call with. It has the shape by which Connect knows its own errors, from
 * whichever copy of the library they come.
 */
export class SimStatus extends Error {
  override readonly name = "ConnectError";
  /** gRPC status code. */
  readonly code: number;
  readonly rawMessage = "planned";
  readonly metadata: Headers;
  readonly details: readonly never[] = [];
  override readonly cause = undefined;

  constructor(code: number, metadata: Headers) {
    super("planned");
    this.code = code;
    this.metadata = metadata;
  }
}
