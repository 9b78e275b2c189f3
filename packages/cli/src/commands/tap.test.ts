// SPDX-License-Identifier: Apache-2.0

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRouter, startRunningRouter } from "../admin/running-router.suite.js";

let router: RunningRouter;
beforeAll(async () => {
  router = await startRunningRouter("--allow-tap-messages");
});
afterAll(() => router.close());

/** A call that the router passes to an instance. */
async function call(): Promise<void> {
  const target = `${router.url}/test.v1.NoteService/Get`;
  const { io, done } = router.start(["call", target, "-d", '{"text":"a"}', "-H", "authorization: Bearer geheim"]);
  expect({ code: await done, err: io.text.err }).toEqual({ code: 0, err: "" });
}

async function tapOneCall(...flags: readonly string[]): Promise<{ readonly out: string; readonly code: number }> {
  const { io, done } = router.start(["tap", "--count", "1", ...flags, "--admin", router.adminUrl]);
  await io.until(/Watching/);
  await call();
  return { code: await done, out: io.text.out };
}

describe("grpc-router tap", () => {
  it("shows a call for people", async () => {
    const { code, out } = await tapOneCall("--service", "test.v1.NoteService");
    expect(code).toBe(0);
    expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} #1 test\.v1\.NoteService\/Get from 127\.0\.0\.1:\d+\n/);
    expect(out).toMatch(/\n {17,}authorization: \(13 octets\)\n/);
    expect(out).not.toContain("geheim");
    expect(out).toMatch(/ #1 attempt 1 at notes-[12]\n/);
    expect(out).toMatch(/ #1 attempt at notes-[12] ended OK\n/);
    expect(out).toMatch(/ #1 ended OK after \S+ms, \d+ bytes in, \d+ out, 1 attempt\n/);
  });

  it("shows a call for programs", async () => {
    const { out } = await tapOneCall("--method", "test.v1.NoteService/Get", "-o", "json", "--sample", "1");
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((event) => Object.keys(event).at(-1))).toEqual(["head", "attempt", "attemptEnd", "end"]);
    expect(events[0]).toMatchObject({ call: "1", head: { method: "test.v1.NoteService/Get" } });
  });

  it("shows messages as JSON, where the router was started so", async () => {
    const { out } = await tapOneCall("--messages");
    expect(out).toMatch(/ #1 request of 3 bytes: \{"text":"a"\}\n/);
    expect(out).toMatch(/ #1 reply of \d+ bytes: \{"text":".*"\}\n/);
    const cut = await tapOneCall("--messages", "--max-bytes", "2");
    expect(cut.out).toContain(" #1 request of 3 bytes, the first 2: 0a01\n");
    const other = await startRunningRouter();
    const refused = await other.ask("tap", "--messages");
    await other.close();
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(
      /^Cannot tap messages: the router does not allow it\. Start it with serve --allow-tap-messages\n$/,
    );
  });

  it("lasts until Ctrl-C, and shows nothing of other calls", async () => {
    const { io, done } = router.start([
      "tap",
      "--failed",
      "--metadata",
      "x=1",
      "--slower",
      "1s",
      "--admin",
      router.adminUrl,
    ]);
    await io.until(/Watching/);
    await call();
    io.interrupt();
    expect({ code: await done, ...io.text }).toEqual({ code: 0, out: "", err: "Watching; Ctrl-C ends it\n" });
  });

  it.each([
    [
      ["--method", "a.S/M", "--service", "a.S"],
      /give --method pkg\.Service\/Method or --service pkg\.Service, not both/,
    ],
    [["--sample", "0"], /sample must be above 0/],
    [["--sample", "2"], /Write a share/],
    [["--slower", "1"], /Write a duration/],
    [["--messages", "--max-bytes", "65537"], /must be at most 65536/],
  ])("%j is wrong usage", async (flags, err) => {
    expect(await router.ask("tap", ...flags)).toMatchObject({ code: 2, err: expect.stringMatching(err) });
  });
});
