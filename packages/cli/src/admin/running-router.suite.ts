// SPDX-License-Identifier: Apache-2.0
// A router, its instances and its clients as the commands of this package start them, in this process.

import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { testRegistry } from "../call/test-service.suite.js";
import { run } from "../run.js";
import { createTestIo, type TestIo, type TestIoOptions } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));

/** A command that has ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Started {
  readonly io: TestIo;
  readonly done: Promise<number>;
}

/** A router with instances. */
export interface RunningRouter {
  readonly io: TestIo;
  /** Of the admin API. */
  readonly adminUrl: string;
  /** `http://host:port` of the router. */
  readonly url: string;
  /** Runs a command on it, to its end; `--admin` is added. */
  ask(...args: readonly string[]): Promise<Ended>;
  /** Starts one that lasts. */
  start(args: readonly string[], options?: TestIoOptions): Started;
  addInstance(id: string): Promise<Started>;
  /** A call of Chat that stays open until the function is called, which resolves when it has ended. */
  openCall(): () => Promise<void>;
  /** Resolves when the router and all that was started have ended, with the router's exit code. */
  close(): Promise<number>;
}

/** Starts it with two instances, `notes-1` and `notes-2`. */
export async function startRunningRouter(...flags: readonly string[]): Promise<RunningRouter> {
  const started: Started[] = [];
  const start = (args: readonly string[], options: TestIoOptions = {}): Started => {
    const io = createTestIo(options);
    const one = { io, done: run(args, io) };
    started.push(one);
    return one;
  };
  const listen = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--grace", "1s"];
  const router = start(["serve", "--module", modules, ...listen, ...flags]);
  await router.io.until(/^ready (.*) pid \d+$/m);
  const url = `http://${/^ready (.*) pid/m.exec(router.io.text.out)?.[1]}`;
  const adminUrl = /Admin API on (\S+)/.exec(router.io.text.err)?.[1] ?? "";
  const sessions = new Http2SessionManager(url);
  const addInstance = async (id: string): Promise<Started> => {
    const bridge = start(["bridge", modules, "--router", url, "--id", id]);
    await bridge.io.until(/^registered pid \d+$/m);
    return bridge;
  };
  await Promise.all(["notes-1", "notes-2"].map(addInstance));
  return {
    io: router.io,
    adminUrl,
    url,
    start,
    addInstance,
    ask: async (...args) => {
      const io = createTestIo();
      return { code: await run([...args, "--admin", adminUrl], io), ...io.text };
    },
    openCall: () => {
      const end = Promise.withResolvers<void>();
      const transport = createGrpcTransport({ baseUrl: url, sessionManager: sessions });
      const over = chat(transport, end.promise);
      return () => {
        end.resolve();
        return over;
      };
    },
    close: async () => {
      sessions.abort();
      for (const { io } of [...started].reverse()) io.interrupt();
      await Promise.all(started.map(({ done }) => done));
      return router.done;
    },
  };
}

async function chat(transport: ReturnType<typeof createGrpcTransport>, end: Promise<void>): Promise<void> {
  const service = testRegistry.getService("test.v1.NoteService");
  if (service === undefined) throw new Error("The test's registry must have NoteService");
  const client = createClient(service, transport);
  const call = client.chat as unknown as (notes: AsyncIterable<object>) => AsyncIterable<object>;
  try {
    for await (const _ of call(notesUntil(end)));
  } catch {
    // An operator may end it; a test that cares looks at the router.
  }
}

async function* notesUntil(end: Promise<void>): AsyncGenerator<object> {
  yield { text: "a" };
  await end;
}
