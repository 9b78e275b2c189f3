// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import {
  compileKeyScanner,
  hashKey,
  KeyBytes,
  type KeyHash,
  type KeyPath,
  type KeyScanner,
  type KeyValue,
  MetadataKey,
  START_METADATA_NUMBER,
  setKeyValue,
} from "@grpc-router/protocol";
import type { MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";

/** Reads a call's key from its first request message; a zero value, "" or undefined: it has none. */
export type RouteKeyFunction = (request: Message) => KeyValue;

const key = new KeyBytes();

/** Where the calls of a method have their key, and how it is read. */
export class RouteKey {
  readonly #metadata: MetadataKey | undefined;
  readonly #scanner: KeyScanner | undefined;
  readonly #read: RouteKeyFunction | undefined;
  readonly #input: DescMessage;

  constructor(input: DescMessage, facts: MethodPolicyFacts, read: RouteKeyFunction | undefined) {
    this.#input = input;
    this.#read = read;
    if (read !== undefined) return;
    if (facts.routeKeyMetadata !== undefined) this.#metadata = new MetadataKey(facts.routeKeyMetadata);
    // Facts are completed before anybody routes by them, so the kind is there.
    if (facts.routeKey?.kind !== undefined) this.#scanner = compileKeyScanner(facts.routeKey as KeyPath);
  }

  /** The key is in the first message, which must be there before a call is placed. */
  get needsMessage(): boolean {
    return this.#metadata === undefined;
  }

  /** Hashes the key in the metadata of the CallStart `bytes[0, end)`. False: there is none. */
  hashMetadata(bytes: Uint8Array, end: number, hash: KeyHash): boolean {
    if (this.#metadata?.read(bytes, 0, end, START_METADATA_NUMBER, key) !== true) return false;
    hashKey(key, hash);
    return true;
  }

  /**
   * Hashes the key in the message `bytes[start, end)`. False: there is none, or no message.
   *
   * @throws whatever the program's own function throws.
   */
  hashMessage(bytes: Uint8Array, start: number, end: number, hash: KeyHash): boolean {
    const isFound =
      this.#read === undefined
        ? this.#scanner?.scan(bytes, start, end, key)
        : this.#ask(this.#read, bytes.slice(start, end));
    if (isFound !== true) return false;
    hashKey(key, hash);
    return true;
  }

  #ask(read: RouteKeyFunction, bytes: Uint8Array): boolean {
    let request: Message;
    try {
      request = fromBinary(this.#input, bytes);
    } catch {
      return false; // for the instance to refuse
    }
    return setKeyValue(read(request), key);
  }
}

/** The key of a method's calls; undefined if nobody asks for one. */
export function createRouteKey(
  input: DescMessage,
  facts: MethodPolicyFacts,
  read: RouteKeyFunction | undefined,
): RouteKey | undefined {
  const isAsked = read !== undefined || facts.routeKey !== undefined || facts.routeKeyMetadata !== undefined;
  return isAsked ? new RouteKey(input, facts, read) : undefined;
}
