// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer } from "node:net";
import { connect } from "node:tls";
import type { SeededRandom } from "@grpc-router/testing/seeded-random";

/** The name in the recorded hello; its letters are where the fuzzing begins. */
const serverName = "fuzzed.example.test";

/** Records what Node's TLS client says first, with a server name and ALPN h2. */
export async function recordClientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const client = connect({ host: "127.0.0.1", port: port ?? 0, servername: serverName, ALPNProtocols: ["h2"] });
  client.on("error", () => {}); // nobody answers
  const [socket] = await once(server, "connection");
  const [hello] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return hello;
}

/** A hello whose server name, the lengths around it, or any octets are others; the record is as long as it says. */
export function fuzzClientHello(hello: Buffer, { integer, randomBytes }: SeededRandom): Buffer {
  const fuzzed = Buffer.from(hello);
  const name = fuzzed.indexOf(serverName);
  switch (integer(4)) {
    case 0: // any octets as the name
      fuzzed.set(randomBytes(serverName.length), name);
      break;
    case 1: // lengths that lie: of the extension, the list, the type, the name
      fuzzed[name - 1 - integer(9)] = integer(256);
      break;
    case 2: // NUL, dots and what some take for a path or an address
      fuzzed.write(["\0\0\0\0", "....", "../..", "[::1]", "127.0.0.1", "*.*.*"][integer(6)] ?? "", name, "latin1");
      break;
    default: // anywhere behind the record's header
      for (let count = 1 + integer(8); count > 0; count--) fuzzed[5 + integer(fuzzed.length - 5)] = integer(256);
  }
  return fuzzed;
}
