// SPDX-License-Identifier: Apache-2.0
// A gRPC server straight on node:http2, with its defaults: the target `node-http2`, and what stands behind the proxies.
// `node grpc-server-process.ts [--tls cert.pem:key.pem]`; prints `ready 127.0.0.1:PORT pid PID` and, before it, `counts
// 127.0.0.1:PORT`, where an HTTP/1.1 `GET /counts` and `/reset` answer with its InstanceCounts and `/memory` with its own
// memory, both as JSON. It serves what the attacks call: bench.v1.EchoService/Echo, Run and Watch of faults.v1.FaultService.
import { readFileSync } from "node:fs";
import { createServer as createHttp1Server } from "node:http";
import { createSecureServer, createServer, type Http2Stream, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { OrderSchema } from "../../faults/gen/faults/v1/faults_pb.ts";
import type { TargetMemory } from "./target.ts";

const { values } = parseArgs({ options: { tls: { type: "string" } } });
const [cert, key] = values.tls?.split(":") ?? [];

const counts = { began: 0, running: 0, mostRunning: 0, ended: 0, aborted: 0 };

type Answer = (stream: ServerHttp2Stream, request: Buffer) => void | Promise<void>;

const methods = new Map<string, Answer>([
  ["/bench.v1.EchoService/Echo", (stream, request) => void stream.write(framed(request))],
  ["/faults.v1.FaultService/Run", (stream, request) => counted(stream, () => run(stream, request))],
  ["/faults.v1.FaultService/Watch", (stream, request) => counted(stream, () => watch(stream, request))],
]);

const server =
  cert === undefined || key === undefined
    ? createServer()
    : createSecureServer({ cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ["h2"] });

server.on("stream", (stream, headers) => {
  // What a client does to its stream is no fault of this program.
  stream.on("error", () => {});
  const answer = methods.get(headers[":path"] ?? "");
  if (answer === undefined) {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
    return;
  }
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.once("end", () => void finish(stream, answer, Buffer.concat(chunks)));
});
server.on("session", (session) => session.on("error", () => {}));
server.on("sessionError", () => {});
server.listen(0, "127.0.0.1", () => console.log(`ready 127.0.0.1:${portOf(server)} pid ${process.pid}`));
const questions = createHttp1Server((request, response) => {
  if (request.url === "/reset") {
    Object.assign(counts, { began: 0, mostRunning: counts.running, ended: 0, aborted: 0 });
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/memory" ? memory() : counts));
});
questions.listen(0, "127.0.0.1", () => console.log(`counts 127.0.0.1:${portOf(questions)}`));
process.once("SIGTERM", () => process.exit(0));

function portOf(listener: { address(): AddressInfo | string | null }): number {
  const address = listener.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function memory(): TargetMemory {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentBytes: rss, retainedBytes: globalThis.gc === undefined ? undefined : heapUsed + external };
}

async function counted(stream: ServerHttp2Stream, call: () => Promise<void>): Promise<void> {
  counts.began++;
  counts.running++;
  counts.mostRunning = Math.max(counts.mostRunning, counts.running);
  await call();
  counts.running--;
  if (stream.destroyed || stream.aborted) counts.aborted++;
  else counts.ended++;
}

async function finish(stream: ServerHttp2Stream, answer: Answer, body: Buffer): Promise<void> {
  if (stream.destroyed || stream.closed) return;
  let status = "0";
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  const request = body.subarray(5);
  if (body.length < 5 || body.readUInt32BE(1) !== request.length) status = "13";
  else await answer(stream, request);
  if (!stream.destroyed) stream.end();
}

/** Held for as long as the call is open when its order names anyone to hold on. */
async function run(stream: ServerHttp2Stream, request: Buffer): Promise<void> {
  const order = fromBinary(OrderSchema, request);
  if (order.holdOn.length > 0) await closed(stream);
  else stream.write(framed(reportOf(order.reportBytes)));
}

async function watch(stream: ServerHttp2Stream, request: Buffer): Promise<void> {
  const order = fromBinary(OrderSchema, request);
  const report = framed(reportOf(order.reportBytes));
  for (let index = 0; index < Math.max(1, order.reports) && !stream.destroyed; index++) {
    if (!stream.write(report)) await Promise.race([new Promise((go) => stream.once("drain", go)), closed(stream)]);
  }
  if (order.holdOn.length > 0) await closed(stream);
}

function closed(stream: Http2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

/** A Report with a payload of so many zeros (field 4). */
function reportOf(bytes: number): Buffer {
  if (bytes === 0) return Buffer.alloc(0);
  const length: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 7) length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([0x22, ...length]), Buffer.alloc(bytes)]);
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
