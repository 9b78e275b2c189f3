// SPDX-License-Identifier: Apache-2.0
// A service manager's end of sd_notify(3). Node has no datagram sockets of the file system; Python has.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Running, startProcess } from "../harness/processes.ts";

/** A NOTIFY_SOCKET; what is sent to it are lines of `program`, a message each, its assignments after another. */
export interface NotifySocket {
  readonly path: string;
  readonly program: Running;
  stop(): Promise<void>;
}

const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(65536).decode().rstrip().replace("\\n", " "), flush=True)
`;

export async function createNotifySocket(): Promise<NotifySocket> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-notify-"));
  const path = join(folder, "notify");
  const program = await startProcess("python3", { args: ["-c", receiver, path], ready: /^bound$/ });
  return {
    path,
    program,
    async stop() {
      program.kill("SIGKILL");
      await program.exited;
      rmSync(folder, { recursive: true });
    },
  };
}
