// SPDX-License-Identifier: Apache-2.0
// `npm run serve:interop -- --port N [--tls]`: a router with an instance that implements grpc.testing.TestService, for
// interop clients of any language. Prints `ready HOST:PORT pid PID` (the router's); with --tls also the certificate's file.
import { parseArgs } from "node:util";
import { createCertificate } from "../harness/certificate.ts";
import { startStack } from "../harness/stack.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "10000" }, tls: { type: "boolean", default: false } },
});
const tls = values.tls ? await createCertificate() : undefined;
try {
  const stack = await startStack({
    services: ["test"],
    port: Number(values.port),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
  });
  if (tls !== undefined) console.log(`certificate ${tls.cert}`);
  console.log(`ready ${stack.host}:${stack.port} pid ${stack.router.pid}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stack.stop().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
