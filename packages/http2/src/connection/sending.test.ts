// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { data, rstStream, settings, windowUpdate } from "../frame/frames.suite.js";
import { answering, counting, noLiterals, trailersTemplate } from "./recorder.suite.js";

describe("write()", () => {
  it("lets DATA of one stream share a frame", () => {
    const bench = answering(2);
    for (const length of [10, 20, 30]) expect(bench.write(1, length)).toBe(length);
    bench.write(3, 5);
    bench.write(1, 1);
    expect(bench.frames()).toEqual(["DATA 1 60", "DATA 3 5", "DATA 1 1"]);
    bench.write(1, 1);
    expect(bench.frames()).toEqual(["DATA 1 1"]);
  });

  it("begins a new frame at 16 KiB and behind any other frame", () => {
    const bench = answering(1);
    bench.write(1, 16_000);
    bench.write(1, 1_000);
    expect(bench.frames()).toEqual(["DATA 1 16000", "DATA 1 1000"]);
    bench.write(1, 300);
    bench.write(1, 16_384);
    expect(bench.frames()).toEqual(["DATA 1 16384", "DATA 1 300"]);
  });

  it("sends the octets it was given", () => {
    const bench = answering(1);
    bench.write(1, 20_000);
    bench.write(1, 3_000, true, 20_000);
    const payload: number[] = [];
    const output = bench.output();
    for (let at = 0; at < output.length; ) {
      const length = ((output[at] ?? 0) << 16) | ((output[at + 1] ?? 0) << 8) | (output[at + 2] ?? 0);
      payload.push(...output.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    expect(payload).toEqual([...counting(0, 23_000)]);
  });

  it("puts END_STREAM on the open frame, or on an empty one", () => {
    const bench = answering(3);
    bench.write(1, 10);
    bench.write(1, 0, true);
    bench.write(3, 0, true);
    bench.write(5, 10, true);
    expect(bench.frames()).toEqual(["DATA 1 10 end", "DATA 3 0 end", "DATA 5 10 end"]);
    expect(bench.handler.stream(1)).toMatchObject({ localEnded: true, remoteEnded: false });
  });

  it("queues what the window does not let go, and all that follows, in order", () => {
    const bench = answering(1, 100);
    expect(bench.write(1, 150)).toBe(100);
    const stream = bench.handler.stream(1);
    expect(stream).toMatchObject({ queuedBytes: 50, sendWindow: 0, localEnded: false });
    expect(bench.write(1, 10, false, 150)).toBe(0);
    bench.trail(1);
    expect(stream).toMatchObject({ queuedBytes: 60, localEnded: true });
    expect(bench.frames()).toEqual(["DATA 1 100"]);
    bench.receive(windowUpdate(1, 55));
    expect(bench.frames()).toEqual(["DATA 1 55"]);
    bench.receive(windowUpdate(1, 5));
    expect(bench.frames()).toEqual(["DATA 1 5", "HEADERS 1 end"]);
    expect(bench.handler.take()).toEqual(["sent 1 55", "sent 1 5"]);
    bench.receive(data(1, 0, true));
    expect(bench.handler.take()).toEqual(["data 1 0 end", "closed 1 0 end"]);
  });

  it("sends an end behind queued data with the last of it", () => {
    const bench = answering(1, 100);
    bench.write(1, 150, true);
    bench.receive(windowUpdate(1, 1_000));
    expect(bench.frames()).toEqual(["DATA 1 150 end"]);
  });

  it("serves streams with a backlog in turns of 16 KiB when the connection window opens", () => {
    const bench = answering(3, 1_000_000);
    expect(bench.write(1, 100_000)).toBe(65_535);
    bench.write(3, 40_000);
    bench.write(5, 1_000);
    bench.output();
    bench.receive(windowUpdate(0, 60_000));
    expect(bench.frames()).toEqual(["DATA 1 16384", "DATA 3 16384", "DATA 5 1000", "DATA 1 16384", "DATA 3 9848"]);
    bench.receive(windowUpdate(0, 1_000_000));
    const frames = bench.frames();
    expect(frames[0]).toBe("DATA 1 1697");
    expect(bench.handler.take().filter((line) => line.startsWith("sent 5"))).toEqual(["sent 5 1000"]);
    expect(bench.handler.stream(3).queuedBytes).toBe(0);
  });

  it("passes over a stream whose own window is shut", () => {
    const bench = answering(2, 10);
    bench.write(1, 50);
    bench.write(3, 50);
    bench.output();
    bench.receive(windowUpdate(3, 100));
    expect(bench.frames()).toEqual(["DATA 3 40"]);
  });

  it("does nothing for a stream that is closed", () => {
    const bench = answering(1);
    const stream = bench.handler.stream(1);
    bench.handler.react.onClosed = () => {
      expect(bench.connection.write(stream, noLiterals, 0, 0, true)).toBe(0);
      expect(bench.connection.room(stream)).toBe(0);
      expect(bench.connection.reserve(stream, 1)).toBe(-1);
      bench.connection.writeHead(stream, trailersTemplate, noLiterals, 0, 0, true);
      bench.connection.consume(stream, 1);
      bench.connection.growWindow(stream, 1_000_000);
      bench.connection.reset(stream, 0);
    };
    bench.receive(rstStream(1, 8));
    expect(bench.frames()).toEqual([]);
  });
});

describe("reserve()", () => {
  it("gives contiguous octets that share a frame", () => {
    const bench = answering(1);
    const stream = bench.handler.stream(1);
    for (const octet of [0x41, 0x42]) {
      const at = bench.connection.reserve(stream, 3);
      bench.connection.outputBytes.fill(octet, at, at + 3);
    }
    const output = bench.output();
    expect(new TextDecoder().decode(output.subarray(9))).toBe("AAABBB");
    expect(stream.sendWindow).toBe(65_535 - 6);
  });

  it("reserves nothing beyond window, room or 16 KiB, and tells when there is more room", () => {
    const bench = answering(1, 100);
    const stream = bench.handler.stream(1);
    expect(bench.connection.reserve(stream, 101)).toBe(-1);
    expect(bench.connection.reserve(stream, 16_385)).toBe(-1);
    expect(bench.connection.reserve(stream, 0)).toBe(-1);
    expect(stream.sendWindow).toBe(100);
    bench.receive(windowUpdate(0, 1));
    expect(bench.handler.take()).toEqual([]);
    bench.receive(windowUpdate(1, 1));
    expect(bench.handler.take()).toEqual(["room 1"]);
    expect(bench.connection.reserve(stream, 101)).toBeGreaterThan(0);
    bench.receive(windowUpdate(1, 1));
    expect(bench.handler.take()).toEqual([]);
  });

  it("tells of room for more than a frame, too", () => {
    const bench = answering(1, 100);
    expect(bench.connection.reserve(bench.handler.stream(1), 20_000)).toBe(-1);
    bench.receive(windowUpdate(1, 20_000));
    expect(bench.handler.take()).toEqual(["room 1"]);
    expect(bench.connection.reserve(bench.handler.stream(1), 20_000)).toBe(-1);
    expect(bench.connection.room(bench.handler.stream(1))).toBe(20_100);
  });

  it("reserves nothing behind a backlog", () => {
    const bench = answering(1, 100);
    bench.write(1, 101);
    expect(bench.connection.reserve(bench.handler.stream(1), 1)).toBe(-1);
    bench.receive(windowUpdate(1, 11));
    expect(bench.handler.take()).toEqual(["sent 1 1", "room 1"]);
    expect(bench.connection.room(bench.handler.stream(1))).toBe(10);
  });

  it("is told of room that the connection window gives", () => {
    const bench = answering(2, 1_000_000);
    bench.write(1, 65_530);
    expect(bench.connection.reserve(bench.handler.stream(3), 10)).toBe(-1);
    bench.receive(windowUpdate(3, 1));
    expect(bench.handler.take()).toEqual([]);
    bench.receive(windowUpdate(0, 1));
    expect(bench.handler.take()).toEqual(["room 3"]);
  });
});

describe("room()", () => {
  it("is the least of both windows and the output", () => {
    const bench = answering(2, 1_000);
    const stream = bench.handler.stream(1);
    expect(bench.connection.room(stream)).toBe(1_000);
    bench.receive(windowUpdate(1, 1_000_000));
    expect(bench.connection.room(stream)).toBe(65_535);
    bench.connection.maxOutputBytes = 50;
    expect(bench.connection.room(stream)).toBe(50);
    bench.write(1, 100);
    expect(stream.queuedBytes).toBeGreaterThan(0);
    expect(bench.connection.room(stream)).toBe(0);
  });

  it("is told of when the transport has taken the output", () => {
    const bench = answering(2, 1_000_000);
    bench.receive(windowUpdate(0, 1_000_000));
    bench.connection.maxOutputBytes = 1_000;
    expect(bench.write(1, 991)).toBe(991);
    expect(bench.connection.room(bench.handler.stream(3))).toBe(0);
    expect(bench.handler.take()).toEqual([]);
    expect(bench.frames()).toEqual(["DATA 1 991"]);
    expect(bench.handler.take()).toEqual(["room 3"]);
  });

  it("comes after a flush also if frames came while too little room was left", () => {
    const bench = answering(2, 1_000_000);
    bench.receive(windowUpdate(0, 1_000_000));
    bench.connection.maxOutputBytes = 1_000;
    bench.connection.setHeld(true);
    expect(bench.write(1, 891)).toBe(891);
    expect(bench.connection.reserve(bench.handler.stream(3), 500)).toBe(-1);
    bench.receive(windowUpdate(0, 1));
    bench.receive(windowUpdate(0, 1));
    expect(bench.handler.take()).toEqual([]);
    bench.connection.setHeld(false);
    expect(bench.frames()).toEqual(["DATA 1 891"]);
    expect(bench.handler.take()).toEqual(["room 3"]);
  });

  it("does not come while the transport holds back a full output", () => {
    const bench = answering(2, 1_000);
    bench.connection.setHeld(true);
    bench.connection.maxOutputBytes = 100;
    expect(bench.write(1, 500)).toBe(100);
    expect(bench.write(3, 500)).toBe(0);
    bench.receive(windowUpdate(0, 1), windowUpdate(1, 1));
    expect(bench.handler.take()).toEqual([]);
    expect(bench.connection.outputPending).toBe(109);
    bench.connection.setHeld(false);
    const octets = bench.frames().reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
    expect(octets).toBe(1_000);
    expect(
      bench.handler
        .take()
        .filter((line) => line.startsWith("room"))
        .sort(),
    ).toEqual(["room 1", "room 3"]);
  });

  it("is negative when SETTINGS shrank the window below what was sent", () => {
    const bench = answering(1, 100);
    bench.write(1, 80);
    bench.receive(settings([4, 30]));
    expect(bench.handler.stream(1).sendWindow).toBe(-50);
    expect(bench.connection.room(bench.handler.stream(1))).toBe(-50);
    bench.receive(windowUpdate(1, 50));
    expect(bench.handler.take()).toEqual([]);
    bench.receive(settings([4, 31]));
    expect(bench.handler.take()).toEqual(["room 1"]);
    expect(bench.connection.room(bench.handler.stream(1))).toBe(1);
  });

  it("moves only as far as the last of several settings says", () => {
    const bench = answering(1, 100);
    bench.receive(settings([4, 7], [4, 2_000], [4, 50]));
    expect(bench.connection.room(bench.handler.stream(1))).toBe(50);
  });
});

describe("onRoom()", () => {
  it("may write, and is told again only for more", () => {
    const bench = answering(1, 10);
    bench.write(1, 10);
    bench.handler.react.onRoom = (stream) => {
      while (bench.connection.room(stream) >= 4) bench.connection.write(stream, counting(0, 4), 0, 4, false);
      expect(bench.connection.reserve(stream, 4)).toBe(-1);
    };
    expect(bench.connection.room(bench.handler.stream(1))).toBe(0);
    bench.receive(windowUpdate(1, 11));
    expect(bench.handler.take()).toEqual(["room 1"]);
    expect(bench.connection.room(bench.handler.stream(1))).toBe(3);
    bench.receive(windowUpdate(1, 1));
    expect(bench.handler.take()).toEqual(["room 1"]);
  });

  it("may reset, close and serve others", () => {
    const bench = answering(3, 10);
    for (const id of [1, 3, 5]) bench.write(id, 12);
    bench.output();
    bench.handler.react.onSent = (stream) => {
      if (stream.id === 1) bench.connection.reset(bench.handler.stream(3), 8);
      if (stream.id === 5) bench.connection.close(0, "enough");
    };
    bench.receive(windowUpdate(1, 10), windowUpdate(3, 10), windowUpdate(5, 10));
    expect(bench.handler.take()).toEqual([
      "sent 1 2",
      "closed 3 8 local",
      "sent 5 2",
      "closed 1 0 connection",
      "closed 5 0 connection",
      "connection closed 0 local",
    ]);
  });
});
