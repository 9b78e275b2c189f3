// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Takes whatever exporters of OTLP over HTTP send, and throws it away. */
export interface TraceSink {
  readonly url: string;
  /** @throws Error if nothing was ever sent: then nothing was measured. */
  stop(): Promise<void>;
}

export async function startTraceSink(): Promise<TraceSink> {
  let octets = 0;
  const server = createServer((request, response) => {
    request.on("data", (data: Buffer) => {
      octets += data.length;
    });
    request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (octets === 0) throw new Error("Cannot measure traces: the router must send some, and has sent none");
    },
  };
}
