// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { GetLevelRequestSchema, GetLevelResponseSchema, StockService } from "./gen/acme/stock/v1/stock_pb.js";

/** What a client saw in a while. */
export interface Seen {
  readonly calls: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers by instance. */
  readonly servedBy: ReadonlyMap<string, number>;
}

const path = `/${StockService.typeName}/${StockService.method.getLevel.name}`;

/** A plain grpc-js client that calls at a steady rate, whatever became of the calls before. */
export class Caller {
  readonly #client: Client;
  #times: number[] = [];
  #errors = 0;
  #servedBy = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  start(callsPerSecond: number): void {
    const everyMs = 10;
    this.#timer = setInterval(() => {
      for (let call = 0; call < (callsPerSecond * everyMs) / 1_000; call++) this.#call();
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  /** What was seen since this was asked last. */
  take(): Seen {
    const times = this.#times.sort((one, other) => one - other);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    const seen = { calls: times.length, errors: this.#errors, p50: at(0.5), p99: at(0.99), servedBy: this.#servedBy };
    this.#times = [];
    this.#errors = 0;
    this.#servedBy = new Map();
    return seen;
  }

  #call(): void {
    const startedMs = performance.now();
    this.#client.makeUnaryRequest(
      path,
      (request) => Buffer.from(toBinary(GetLevelRequestSchema, request)),
      (bytes) => fromBinary(GetLevelResponseSchema, bytes),
      create(GetLevelRequestSchema, { item: "lamp" }),
      { deadline: Date.now() + 3_000 },
      (error, response) => {
        this.#times.push(performance.now() - startedMs);
        if (error !== null) this.#errors++;
        else if (response !== undefined) {
          this.#servedBy.set(response.servedBy, (this.#servedBy.get(response.servedBy) ?? 0) + 1);
        }
      },
    );
  }
}
