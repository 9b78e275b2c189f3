// SPDX-License-Identifier: Apache-2.0

import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

let router: RunningRouter;
beforeAll(async () => {
  router = await startRunningRouter();
});
afterAll(() => router.close());

async function ask(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await router.ask(...args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

describe("grpc-router connections", () => {
  it("lists instances and clients, oldest first", async () => {
    const end = router.openCall();
    const watch = router.start(["connections", "--watch", "5ms", "--admin", router.adminUrl]);
    await watch.io.until(/ client +0s +1 /);
    watch.io.interrupt();
    await watch.done;
    const { connections } = JSON.parse(await ask("connections", "-o", "json"));
    expect(connections).toMatchObject([
      { id: "1", role: "CONNECTION_ROLE_INSTANCE", openStreams: 1, instances: [expect.stringMatching(/^notes-/)] },
      { id: "2", role: "CONNECTION_ROLE_INSTANCE", openStreams: 1 },
      { id: "3", role: "CONNECTION_ROLE_CLIENT", openStreams: 1, peerAddress: expect.stringMatching(/^127\.0\.0\.1:/) },
    ]);
    expect(Number(connections[0].receivedBytes)).toBeGreaterThan(100);
    expect(Number(connections[2].sentBytes)).toBeGreaterThan(30);
    await end();
  });
});

describe("grpc-router trace", () => {
  it("shows the frames of a connection that is under way, until it ends", async () => {
    const session = connect(router.url);
    const call = (token: string) => {
      const head = { ":method": "POST", ":path": "/test.v1.NoteService/Get", "content-type": "application/grpc" };
      const stream = session.request({ ...head, te: "trailers", "x-api-key": token });
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
      return new Promise((resolve) => stream.on("close", resolve).resume());
    };
    await call("first");
    const { connections } = JSON.parse(await ask("connections", "-o", "json"));
    const { id, peerAddress } = connections.at(-1);
    const { io, done } = router.start(["trace", "--peer", peerAddress, "--admin", router.adminUrl]);
    await io.until(/Connection/);
    await call("second");
    session.close();
    expect(await done).toBe(0);
    expect(io.text.err).toBe(`Connection ${id}, client ${peerAddress}\nThe connection has ended\n`);
    // All of it is in the tables since the first call.
    expect(io.text.out).toMatch(/ recv HEADERS +stream=3 .*\n(.*\n)*? +:path: \/test\.v1\.NoteService\/Get\n/);
    expect(io.text.out).toMatch(/ x-api-key: \(6 octets\)\n/);
    expect(io.text.out).toMatch(/ send HEADERS +stream=3 .*\n +:status: 200\n +content-type: application\/grpc/);
    expect(io.text.out).not.toContain("stream=1 ");
  });

  it("shows those of an instance, until Ctrl-C or the end of its time", async () => {
    const { io, done } = router.start(["trace", "--instance", "notes-1", "--admin", router.adminUrl]);
    await io.until(/, instance /);
    // Whichever instance a call gets.
    while (!/ DATA +stream=1 /.test(io.text.out)) {
      await router.start(["call", `${router.url}/test.v1.NoteService/Get`, "-d", '{"text":"a"}']).done;
    }
    io.interrupt();
    expect(await done).toBe(0);
    expect(await router.ask("trace", "--instance", "notes-1", "--seconds", "0.001")).toMatchObject({ code: 0 });
  });

  it.each([
    [[], 2, /give one of the number of a connection/],
    [["1", "--peer", "a:1"], 2, /give one of/],
    [["99999"], 1, /^Cannot trace the connection 99999: it must have an open connection\./],
    [["--instance", "notes-9"], 1, /^Cannot trace the instance notes-9: /],
    [["1", "--seconds", "3601"], 2, /must last 1 ms to 60 min/],
  ])("%j ends with %d", async (args, code, err) => {
    expect(await router.ask("trace", ...args)).toEqual({ code, out: "", err: expect.stringMatching(err) });
  });
});
