// SPDX-License-Identifier: Apache-2.0
// A gRPC server straight on node:http2, with its defaults: the target `node-http2`, and what stands behind the proxies.
// `node grpc-server-process.ts [--tls cert.pem:key.pem]`; prints `ready 127.0.0.1:PORT pid PID` and `counts
// 127.0.0.1:PORT`, where an HTTP/1.1 `GET /counts` and `/reset` answer with its InstanceCounts and `/memory` with its own
// memory, as JSON. It serves what the attacks call: bench.v1.EchoService/Echo and methods of faults.v1.FaultService.
import { readFileSync } from "node:fs";
import { createServer as createHttp1Server } from "node:http";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { OrderSchema } from "../../faults/gen/faults/v1/faults_pb.ts";
import { processState } from "../../harness/process-state.ts";
import { framed, readMessages } from "./grpc-messages.ts";

const { values } = parseArgs({ options: { tls: { type: "string" } } });
const [cert, key] = values.tls?.split(":") ?? [];

const counts = { began: 0, running: 0, mostRunning: 0, ended: 0, aborted: 0 };

type Answer = (stream: ServerHttp2Stream, requests: AsyncIterable<Buffer>) => Promise<void>;

const methods = new Map<string, Answer>([
  ["/bench.v1.EchoService/Echo", echo],
  // Unary requests have one message, so all four follow the orders as they come.
  ["/faults.v1.FaultService/Run", counted(converse)],
  ["/faults.v1.FaultService/Watch", counted(converse)],
  ["/faults.v1.FaultService/Converse", counted(converse)],
  ["/faults.v1.FaultService/Collect", counted(collect)],
]);

const server =
  cert === undefined || key === undefined
    ? createServer()
    : createSecureServer({ cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ["h2"] });

server.on("stream", (stream, headers) => {
  // What a client does to its stream is no fault of this program.
  stream.on("error", () => {});
  const answer = methods.get(headers[":path"] ?? "");
  if (answer !== undefined) void serve(stream, answer);
  else stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
});
server.on("session", (session) => session.on("error", () => {}));
server.on("sessionError", () => {});
const questions = createHttp1Server((request, response) => {
  if (request.url === "/reset") Object.assign(counts, { began: 0, mostRunning: counts.running, ended: 0, aborted: 0 });
  response.setHeader("content-type", "application/json");
  if (request.url !== "/memory") response.end(JSON.stringify(counts));
  else void processState().then((state) => response.end(JSON.stringify(state)));
});
questions.listen(0, "127.0.0.1", () => {
  console.log(`counts 127.0.0.1:${portOf(questions)}`);
  server.listen(0, "127.0.0.1", () => console.log(`ready 127.0.0.1:${portOf(server)} pid ${process.pid}`));
});
process.once("SIGTERM", () => process.exit(0));

function portOf(listener: { address(): AddressInfo | string | null }): number {
  const address = listener.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function serve(stream: ServerHttp2Stream, answer: Answer): Promise<void> {
  let status = "0";
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  try {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    await answer(stream, readMessages(stream));
  } catch {
    status = "13";
  }
  if (!stream.destroyed) stream.end();
}

async function echo(stream: ServerHttp2Stream, requests: AsyncIterable<Buffer>): Promise<void> {
  for await (const request of requests) stream.write(framed(request));
}

async function converse(stream: ServerHttp2Stream, requests: AsyncIterable<Buffer>): Promise<void> {
  for await (const request of requests) {
    const order = fromBinary(OrderSchema, request);
    const report = framed(reportOf(order.reportBytes));
    for (let index = 0; index < Math.max(1, order.reports) && !stream.destroyed; index++) {
      if (order.holdOn.length > 0) await closed(stream);
      else if (!stream.write(report))
        await Promise.race([new Promise((go) => stream.once("drain", go)), closed(stream)]);
    }
  }
}

async function collect(stream: ServerHttp2Stream, requests: AsyncIterable<Buffer>): Promise<void> {
  let first = true;
  for await (const request of requests) {
    if (first && fromBinary(OrderSchema, request).holdOn.length > 0) await closed(stream);
    first = false;
  }
  stream.write(framed(Buffer.alloc(0)));
}

/** Counts a call from its first message on, as an instance's user code begins then. */
function counted(answer: Answer): Answer {
  return async (stream, requests) => {
    let began = false;
    async function* beginning() {
      for await (const request of requests) {
        if (!began) {
          began = true;
          counts.began++;
          counts.running++;
          counts.mostRunning = Math.max(counts.mostRunning, counts.running);
        }
        yield request;
      }
    }
    try {
      await answer(stream, beginning());
    } finally {
      if (began) {
        counts.running--;
        if (stream.destroyed || stream.aborted) counts.aborted++;
        else counts.ended++;
      }
    }
  };
}

function closed(stream: ServerHttp2Stream): Promise<void> {
  return stream.closed ? Promise.resolve() : new Promise((resolve) => stream.once("close", resolve));
}

/** A Report with a payload of so many zeros (field 4). */
function reportOf(bytes: number): Buffer {
  if (bytes === 0) return Buffer.alloc(0);
  const length: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 7) length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([0x22, ...length]), Buffer.alloc(bytes)]);
}
