// SPDX-License-Identifier: Apache-2.0
// `npm run serve:interop -- --port N [--tls]`: a router with an instance that implements grpc.testing.TestService, for
// interop clients of any language. Prints `ready HOST:PORT pid PID` (the router's); with --tls also the certificate's file.
import { parseArgs } from "node:util";
import { createCertificate } from "../harness/certificate.ts";
import { ProcessEnded } from "../harness/processes.ts";
import { startStack } from "../harness/stack.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "10000" }, tls: { type: "boolean", default: false } },
});
const tls = values.tls ? createCertificate() : undefined;
try {
  const stack = await startStack({
    services: ["test"],
    port: Number(values.port),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
  });
  if (tls !== undefined) console.log(`certificate ${tls.cert}`);
  console.log(`ready ${stack.host}:${stack.port} pid ${stack.router.pid}`);
  await untilTold();
  await stack.stop();
  process.exit(0);
} catch (error) {
  // Of a router that does not start, its last line says why.
  if (error instanceof ProcessEnded) console.error(error.output.at(-1));
  else console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

/** Resolves on a signal, and when whoever started this is gone (npm's shell does not pass signals on). */
function untilTold(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    setInterval(() => {
      if (process.ppid !== parent) resolve();
    }, 500).unref();
  });
}
