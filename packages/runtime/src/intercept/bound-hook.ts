// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, type DescMethod, fromBinary, isMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "@grpc-router/protocol";
import type { AnyHooks } from "./message-hook.js";

/** A hook with the type of its messages. */
export class BoundHook {
  /** As in settings. */
  readonly name: keyof AnyHooks;
  /** Full name of the type. */
  readonly typeName: string;
  readonly #type: DescMessage;
  readonly #hook: (message: Message) => unknown;

  constructor(name: keyof AnyHooks, type: DescMessage, hook: (message: Message) => unknown) {
    this.name = name;
    this.typeName = type.typeName;
    this.#type = type;
    this.#hook = hook;
  }

  /** Undefined: the bytes are no message of the type. */
  decode(bytes: Uint8Array): Message | undefined {
    try {
      return fromBinary(this.#type, bytes);
    } catch {
      return undefined;
    }
  }

  /** @throws whatever the hook throws. */
  ask(message: Message): unknown {
    return this.#hook(message);
  }

  /**
   * The message that the hook has answered with, encoded, behind its prefix.
   *
   * @throws TypeError if it is no message of the type.
   */
  encode(answer: unknown): Uint8Array {
    if (!isMessage(answer, this.#type)) {
      const received = answer === null ? "null" : isMessage(answer) ? answer.$typeName : typeof answer;
      throw new TypeError(
        `Cannot take what ${this.name} answers: it must be a ${this.typeName} or undefined, received ${received}`,
      );
    }
    const body = toBinary(this.#type, answer);
    const framed = new Uint8Array(MESSAGE_PREFIX_BYTES + body.length);
    framed.set(body, writeMessagePrefix(framed, 0, false, body.length));
    return framed;
  }
}

/** The hooks of a method, one of them at least. */
export interface BoundHooks {
  readonly request: BoundHook | undefined;
  readonly response: BoundHook | undefined;
}

/** Undefined: nobody looks at messages. */
export function bindHooks({ input, output }: DescMethod, { onRequest, onResponse }: AnyHooks): BoundHooks | undefined {
  if (onRequest === undefined && onResponse === undefined) return undefined;
  // A hook of whatever method says `never`; that its messages are of this method is what settings ask the compiler for.
  return {
    request: onRequest && new BoundHook("onRequest", input, onRequest as (message: Message) => unknown),
    response: onResponse && new BoundHook("onResponse", output, onResponse as (message: Message) => unknown),
  };
}
