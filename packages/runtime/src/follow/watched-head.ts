// SPDX-License-Identifier: Apache-2.0
import { decodeBinaryValue, MetadataCursor, START_METADATA_NUMBER } from "@grpc-router/protocol";
import type { MetadataField } from "../intercept/call-metadata.js";
import { readFields } from "../intercept/read-fields.js";
import type { WatchedCall } from "./call-watcher.js";

const cursor = new MetadataCursor();
const decoder = new TextDecoder();

/** Where a head lies: a `CallRecord`, or what there is of a call that never becomes one. */
export interface HeadSource {
  readonly route: { readonly path: string; readonly service: { readonly name: string } };
  readonly client: { readonly address: string; readonly identities: readonly string[] } | undefined;
  readonly openedMs: number;
  readonly previousAttempts: number;
  /** `rest[0, restEnd)`: metadata, as a Start has it. */
  readonly rest: Uint8Array;
  readonly restEnd: number;
}

/** The head of a call, read where it lies. One for all calls, as each is looked at once. */
export class WatchedHead implements WatchedCall {
  #call: HeadSource | undefined;
  hasTraceContext = false;

  /** Shows `call` until the next one, or until undefined is given. */
  show(call: HeadSource | undefined, hasTraceContext: boolean): void {
    this.#call = call;
    this.hasTraceContext = hasTraceContext;
  }

  get path(): string {
    return this.#shown.route.path;
  }

  get service(): string {
    return this.#shown.route.service.name;
  }

  get method(): string {
    const { path, service } = this;
    return service === "" ? "" : path.slice(path.lastIndexOf("/") + 1);
  }

  get peerAddress(): string {
    return this.#shown.client?.address ?? "";
  }

  get identities(): readonly string[] {
    return this.#shown.client?.identities ?? [];
  }

  get openedMs(): number {
    return this.#shown.openedMs;
  }

  get previousAttempts(): number {
    return this.#shown.previousAttempts;
  }

  metadata(name: string): string | undefined {
    return this.#find(name) ? decoder.decode(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)) : undefined;
  }

  metadataBytes(name: string): Uint8Array | undefined {
    const text = this.metadata(name);
    return text === undefined ? undefined : decodeBinaryValue(text);
  }

  allMetadata(): readonly MetadataField[] {
    const { rest, restEnd } = this.#shown;
    return readFields(rest, 0, restEnd, START_METADATA_NUMBER);
  }

  /** Puts the cursor at the first field of the name. */
  #find(name: string): boolean {
    const { rest, restEnd } = this.#shown;
    cursor.reset(rest, 0, restEnd, START_METADATA_NUMBER);
    while (cursor.next()) if (cursor.isNamed(name)) return true;
    return false;
  }

  get #shown(): HeadSource {
    if (this.#call === undefined) throw new TypeError("Cannot look at a call: that must be done while watch() runs");
    return this.#call;
  }
}
