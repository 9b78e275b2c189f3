// SPDX-License-Identifier: Apache-2.0
// A grpc-js client that keeps a ledger: `node client-process.ts --address HOST:PORT --ledger FILE`. It says `ready`, then
// every record of its ledger, and follows `ClientCommand`s. `../go` is the same over grpc-go.
import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { resourceCounts } from "../../harness/resource-counts.ts";
import { Hold, LedgerService, type Result, ResultSchema, type Work, WorkSchema } from "../gen/ledger/v1/ledger_pb.ts";
import { hashPayload } from "../ledger/hash-payload.ts";
import { LedgerFile } from "../ledger/ledger-file.ts";
import type { ClientRecord, Execution } from "../ledger/records.ts";
import { type CallOrder, type ClientCommand, readCommands, say } from "./command.ts";

const { values } = parseArgs({
  options: {
    address: { type: "string", default: "127.0.0.1:8080" },
    ledger: { type: "string", default: "/dev/null" },
    /** Does not write down how unary calls end: a fault that the checker must find. */
    "drop-results": { type: "boolean", default: false },
  },
});
const holds = { "": Hold.UNSPECIFIED, running: Hold.RUNNING, replying: Hold.REPLYING, ending: Hold.ENDING } as const;
const ledger = new LedgerFile<ClientRecord>(values.ledger);
const client = new grpc.Client(values.address, grpc.credentials.createInsecure(), {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.max_receive_message_length": -1,
});
/** Calls that wait for `go`. */
const paused = new Map<string, () => void>();

readCommands<ClientCommand>((command) => {
  if (command.do === "call") begin(command);
  if (command.do === "go") paused.get(command.call)?.();
  if (command.do === "settle") settle(command.token);
  if (command.do === "probe") say({ event: "probe", token: command.token, ...resourceCounts() });
});
say({ event: "ready" });

function write(record: ClientRecord): void {
  ledger.append(record);
  say(record);
}

function begin(order: CallOrder): void {
  const { call, method, deadlineMs, cancelAfterMs, patient } = order;
  const metadata = new grpc.Metadata({ waitForReady: patient });
  metadata.set("call", call);
  if (patient) metadata.set("x-grpc-router-wait-for-ready", "true");
  write({ event: "begin", call, t: Date.now(), method, deadlineMs, cancelAfterMs });
  const stream = client.makeBidiStreamRequest<Work, Result>(
    `/${LedgerService.typeName}/${method}`,
    (work) => Buffer.from(toBinary(WorkSchema, work)),
    (bytes) => fromBinary(ResultSchema, bytes),
    metadata,
    deadlineMs > 0 ? { deadline: Date.now() + deadlineMs } : {},
  );
  const timer = cancelAfterMs > 0 ? setTimeout(() => stream.cancel(), cancelAfterMs) : undefined;
  stream.on("data", ({ index, payload }: Result) => {
    write({ event: "in", call, t: Date.now(), hash: hashPayload(index, payload) });
  });
  stream.on("error", () => {}); // the status event tells the same
  stream.on("status", (status) => {
    clearTimeout(timer);
    paused.delete(call);
    if (values["drop-results"] && method === "Unary") return;
    end(call, status);
  });
  send(stream, order, 0);
}

function send(stream: grpc.ClientDuplexStream<Work, Result>, order: CallOrder, first: number): void {
  const { call, messages, bytes, pauseAfter, replies, replyBytes, workMs, hold } = order;
  for (let index = first; index < messages; index++) {
    if (pauseAfter > 0 && index === pauseAfter && first !== index) {
      paused.set(call, () => send(stream, order, index));
      return;
    }
    const payload = new Uint8Array(bytes).fill(index).map((_, at) => (at * 31 + index * 7 + call.length) & 0xff);
    write({ event: "out", call, t: Date.now(), hash: hashPayload(index, payload) });
    stream.write(create(WorkSchema, { index, replies, replyBytes, workMs, hold: holds[hold], payload }));
  }
  paused.delete(call);
  stream.end();
}

function end(call: string, { code, details, metadata }: grpc.StatusObject): void {
  const [bytes] = metadata.get("grpc-status-details-bin");
  const info = bytes === undefined ? undefined : decodeStatusDetails(bytes as Buffer)?.errorInfo;
  const execution = (info?.metadata.execution ?? "") as Execution | ""; // the checker refuses other words
  write({ event: "end", call, t: Date.now(), code, message: details, reason: info?.reason ?? "", execution });
}

/** A built-in service answers only after what came before it on the connection was read. */
function settle(token: number): void {
  const raw = (bytes: Buffer) => bytes;
  const metadata = new grpc.Metadata({ waitForReady: true });
  client.makeUnaryRequest("/grpc.health.v1.Health/Check", raw, raw, Buffer.alloc(0), metadata, () =>
    say({ event: "settled", token }),
  );
}
