// SPDX-License-Identifier: Apache-2.0
import { Duplex } from "node:stream";
import { connect } from "node:tls";

/** A name for SNI that other octets of the same length may replace. */
export const placeholder = "placeholder-of-forty-octets.example.test";

/** The octets with which a client of Node begins TLS: one record that holds a ClientHello for `placeholder` and h2. */
export async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      resolve(chunk);
      done();
    },
  });
  const client = connect({ socket: wire, servername: placeholder, ALPNProtocols: ["h2"] });
  client.on("error", () => {}); // it hears no answer
  const hello = await promise;
  client.destroy();
  return hello;
}
