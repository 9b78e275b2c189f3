// SPDX-License-Identifier: Apache-2.0

/** What a queue asks of the call it belongs to. */
export interface RequestSource<Message> {
  /** Turns a message's bytes into the message; throws if they are none. */
  decode(bytes: Uint8Array): Message;
  /** A message has left the queue towards the reader; `cost` is what its sender may have back. */
  taken(sizeBytes: number, cost: number): void;
  /** A message could not be decoded; the call ends for it. */
  undecodable(error: unknown): void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly cost: number;
  next: Waiting | undefined;
}

interface Reader<Message> {
  resolve(result: IteratorResult<Message, undefined>): void;
  reject(error: unknown): void;
}

/**
 * The request messages of a call as user code reads them. Bounded by the call's credit, not by itself: what is taken
 * out is reported, and only then may the router send more. Messages are decoded when they are taken.
 */
export class RequestQueue<Message> implements AsyncIterableIterator<Message, undefined, undefined> {
  readonly #source: RequestSource<Message>;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  /** Readers that came before their message; almost always none or one. */
  #readers: Reader<Message>[] = [];
  #closed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: RequestSource<Message>) {
    this.#source = source;
  }

  /** Every message has been read, and none follows. */
  get finished(): boolean {
    return this.#closed && this.#first === undefined;
  }

  /** The next message has arrived; the queue keeps `bytes`. */
  push(bytes: Uint8Array, cost: number): void {
    if (this.#closed || this.#failure !== undefined) return;
    const reader = this.#readers.length === 1 ? this.#readers.pop() : this.#readers.shift();
    if (reader !== undefined) {
      this.#hand(reader, bytes, cost);
      return;
    }
    const waiting: Waiting = { bytes, cost, next: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
  }

  /** No message follows; readers still get what is here. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.resolve({ done: true, value: undefined });
    this.#readers = [];
  }

  /** Readers get `error` from now on; what is here is dropped. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#drop();
    for (const reader of this.#readers) reader.reject(error);
    this.#readers = [];
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const waiting = this.#first;
    if (waiting !== undefined) return this.#shift(waiting);
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** The reader wants no more: what is here and what still comes is dropped, and gives no credit back. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#drop();
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #shift(waiting: Waiting): Promise<IteratorResult<Message, undefined>> {
    this.#first = waiting.next;
    if (waiting.next === undefined) this.#last = undefined;
    try {
      return Promise.resolve({ done: false, value: this.#take(waiting.bytes, waiting.cost) });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #hand(reader: Reader<Message>, bytes: Uint8Array, cost: number): void {
    try {
      reader.resolve({ done: false, value: this.#take(bytes, cost) });
    } catch (error) {
      reader.reject(error);
    }
  }

  #take(bytes: Uint8Array, cost: number): Message {
    this.#source.taken(bytes.length, cost);
    try {
      return this.#source.decode(bytes);
    } catch (error) {
      this.#source.undecodable(error);
      throw this.#failure?.error ?? error;
    }
  }

  #drop(): void {
    this.#first = undefined;
    this.#last = undefined;
  }
}
