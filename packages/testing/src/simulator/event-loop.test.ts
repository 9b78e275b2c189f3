// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { EventLoop } from "./event-loop.js";
import { SimProcess } from "./sim-process.js";

function setUp() {
  const loop = new EventLoop();
  const process = new SimProcess(loop, "one", 5_000);
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  return { loop, process, seen, note };
}

describe("EventLoop", () => {
  it("runs events by time, those of one time as they were asked for, and none twice or cancelled", async () => {
    const { loop, process, seen, note } = setUp();
    process.after(20, note("late"));
    process.after(10, note("first of 10"));
    loop.at(10, note("second of 10"));
    process.after(15, note("cancelled")).cancel();
    process.defer(note("now"));
    await loop.run(15);
    expect(seen).toEqual(["now", "first of 10", "second of 10"]);
    expect([loop.nowMs, process.nowMs(), process.timers]).toEqual([15, 5_015, 1]);
    await loop.run(30);
    expect([seen.at(-1), process.timers]).toEqual(["late", 0]);
  });

  it("lets promises settle between two events of a process at work", async () => {
    const { loop, process, seen, note } = setUp();
    process.work = 1;
    process.defer(() => {
      void Promise.resolve().then(note("promise")).then(note("its promise"));
    });
    process.defer(note("next"));
    await loop.run(0);
    expect(seen).toEqual(["promise", "its promise", "next"]);
  });

  it("refuses to go on where time stands still for ever", async () => {
    const { loop, process } = setUp();
    const again = (): void => process.defer(again);
    again();
    await expect(loop.run(1)).rejects.toThrow(/^Cannot go on: events must end/);
  });
});

describe("SimProcess", () => {
  it("does while it stands still nothing, and then first the timers, as Node does", async () => {
    const { loop, process, seen, note } = setUp();
    process.io.after(5, note("bytes of 5"));
    process.after(10, note("timer of 10"));
    process.pause();
    await loop.run(50);
    expect(seen).toEqual([]);
    process.resume();
    await loop.run(50);
    expect(seen).toEqual(["timer of 10", "bytes of 5"]);
    expect(process.resumedMs).toBe(50);
  });

  it("does nothing any more when it is dead", async () => {
    const { loop, process, seen, note } = setUp();
    process.after(1, note("timer"));
    process.die();
    process.resume();
    await loop.run(10);
    expect(seen).toEqual([]);
  });
});
