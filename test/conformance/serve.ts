// SPDX-License-Identifier: Apache-2.0
// `npm run --silent serve:conformance`: the server program of the Connect conformance suite. Reads a ServerCompatRequest
// from standard input, starts a router with an instance of the suite's service, writes a ServerCompatResponse to standard
// output, and stops both when standard input ends. Each message follows its length as four big-endian bytes. Client
// certificates are not among the features we claim, so `client_tls_cert` is always empty.
import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createCertificate } from "../harness/certificate.ts";
import { startStack } from "../harness/stack.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";

const request = fromBinary(ServerCompatRequestSchema, await readSizedMessage());
const certificate = request.useTls ? createCertificate() : undefined;
const stack = await startStack({
  services: ["conformance"],
  // The suite counts details: it wants an error to have exactly those that the call defined.
  errorDetails: false,
  ...(certificate === undefined ? {} : { tls: certificate }),
  ...(request.messageReceiveLimit === 0 ? {} : { maxRequestBytes: request.messageReceiveLimit }),
});
const response = create(ServerCompatResponseSchema, { host: stack.host, port: stack.port });
if (certificate !== undefined) response.pemCert = readFileSync(certificate.cert);
writeSizedMessage(toBinary(ServerCompatResponseSchema, response));
process.stdin.resume();
process.stdin.once("end", stop);
process.once("SIGTERM", stop);

function stop(): void {
  void stack.stop().then(() => process.exit(0));
}

function readSizedMessage(): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    process.stdin.on("data", function onData(chunk: Buffer) {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32BE(0)) return;
      process.stdin.off("data", onData);
      resolve(received.subarray(4, 4 + received.readUInt32BE(0)));
    });
    process.stdin.once("error", reject);
  });
}

function writeSizedMessage(message: Uint8Array): void {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(message.length);
  process.stdout.write(Buffer.concat([size, message]));
}
