// SPDX-License-Identifier: Apache-2.0
// An ordinary grpc-js server of FaultService: `node grpc-js-server.ts --id ID`. It knows nothing of routers. It prints
// `ready PORT`, then `ran JSON` for each call, and does what the call's metadata asks for: `fail-times` with `fail-code`,
// `pushback`, `header-first`, `hold`: until it is cancelled, which it says as `aborted JSON`. `../go` is the same over grpc-go.
import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  FaultService,
  type Order,
  OrderSchema,
  type Report,
  ReportSchema,
} from "../../faults/gen/faults/v1/faults_pb.ts";
import type { Ran } from "../conduct.ts";

const { values } = parseArgs({ options: { id: { type: "string", default: "" } } });
/** Times that a call of a name was run. */
const runs = new Map<string, number>();

type Failure = Partial<grpc.StatusObject> & { readonly code: grpc.status };

/** Begins a call: says so, and sends the header that it asks for. Answers how it ends. */
function begin(call: grpc.ServerUnaryCall<Order, Report> | grpc.ServerWritableStream<Order, Report>): Report | Failure {
  const { name } = call.request;
  const field = (key: string) => call.metadata.get(key)[0];
  const attemptsBefore = Number(field("grpc-previous-rpc-attempts") ?? 0);
  const deadline = call.getDeadline();
  const timeoutMs = deadline === Number.POSITIVE_INFINITY ? null : Number(deadline) - Date.now();
  const method = call.getPath().split("/").at(-1) ?? "";
  console.log(`ran ${JSON.stringify({ name, method, attemptsBefore, timeoutMs } satisfies Ran)}`);
  if (field("header-first") !== undefined) {
    const header = new grpc.Metadata();
    header.set("attempts-before", `${attemptsBefore}`);
    call.sendMetadata(header);
  }
  const times = (runs.get(name) ?? 0) + 1;
  runs.set(name, times);
  if (times > Number(field("fail-times") ?? 0)) return create(ReportSchema, { instance: values.id, attemptsBefore });
  const metadata = new grpc.Metadata();
  const pushback = field("pushback");
  if (pushback !== undefined) metadata.set("grpc-retry-pushback-ms", pushback);
  return { code: Number(field("fail-code")), details: "as ordered", metadata };
}

const isFailure = (end: Report | Failure): end is Failure => "code" in end;

function unary(call: grpc.ServerUnaryCall<Order, Report>, done: grpc.sendUnaryData<Report>): void {
  const end = begin(call);
  if (call.metadata.get("hold").length > 0)
    call.on("cancelled", () => console.log(`aborted ${JSON.stringify(call.request.name)}`));
  else if (isFailure(end)) done(end);
  else done(null, end);
}

function stream(call: grpc.ServerWritableStream<Order, Report>): void {
  const end = begin(call);
  if (isFailure(end)) {
    call.emit("error", end);
    return;
  }
  call.write(end);
  call.end();
}

function define(name: string, responseStream: boolean): grpc.MethodDefinition<Order, Report> {
  return {
    path: `/${FaultService.typeName}/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (order) => Buffer.from(toBinary(OrderSchema, order)),
    requestDeserialize: (bytes) => fromBinary(OrderSchema, bytes),
    responseSerialize: (report) => Buffer.from(toBinary(ReportSchema, report)),
    responseDeserialize: (bytes) => fromBinary(ReportSchema, bytes),
  };
}

const server = new grpc.Server();
server.addService(
  {
    Run: define("Run", false),
    Repeat: define("Repeat", false),
    Watch: define("Watch", true),
    WatchAgain: define("WatchAgain", true),
  },
  { Run: unary, Repeat: unary, Watch: stream, WatchAgain: stream },
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`ready ${port}`);
});
