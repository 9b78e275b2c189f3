// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  clientHello,
  data,
  goaway,
  headers,
  join,
  ping,
  requestBlock,
  settingsAck,
  showFrames,
  windowUpdate,
} from "../frame/frames.suite.js";
import { createFieldListReader } from "../hpack/field-list-reader.js";
import { maxDiscardedBytes } from "../limits.js";
import type { Scheduler, Transport } from "../ports.js";
import { attachTransport } from "./attach-transport.js";
import { outputBufferBytes } from "./buffer-pool.js";
import type { Connection } from "./connection.js";
import { createFlusher } from "./flusher.js";
import { counting, type Kept, noLiterals, Recorder, responseTemplate } from "./recorder.suite.js";

/** Time and deferral by hand. */
class ManualScheduler implements Scheduler {
  now = 0;
  readonly deferred: (() => void)[] = [];
  readonly timers = new Set<{ atMs: number; task: () => void }>();

  nowMs(): number {
    return this.now;
  }

  defer(task: () => void): void {
    this.deferred.push(task);
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    const timer = { atMs: this.now + delayMs, task };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  tick(): void {
    for (const task of this.deferred.splice(0)) task();
  }

  advance(ms: number): void {
    this.now += ms;
    for (const timer of [...this.timers]) {
      if (timer.atMs > this.now) continue;
      this.timers.delete(timer);
      timer.task();
    }
  }
}

/** Keeps what it was given; takes all of it, or holds it. */
class FakeTransport implements Transport {
  readonly peer = { address: "test", encrypted: false, identities: [] };
  readonly log: string[] = [];
  written: Uint8Array = new Uint8Array(0);
  takes = true;

  write(bytes: Uint8Array, length: number): boolean {
    this.log.push(`write ${length}`);
    this.written = join(this.written, bytes.subarray(0, length));
    return this.takes;
  }

  end(): void {
    this.log.push("end");
  }

  destroy(): void {
    this.log.push("destroy");
  }

  setReading(reading: boolean): void {
    this.log.push(reading ? "read" : "pause");
  }

  frames(): string[] {
    const lines = showFrames(this.written);
    this.written = new Uint8Array(0);
    return lines;
  }
}

function attach(role: "server" | "client" = "server") {
  const scheduler = new ManualScheduler();
  const transport = new FakeTransport();
  const handler = new Recorder();
  const { connection, sink } = attachTransport(transport, createFlusher(scheduler), {
    role,
    reader: createFieldListReader(),
    handler,
  });
  const say = (...parts: Uint8Array[]): void => {
    const bytes = join(...parts);
    sink.receive(bytes, 0, bytes.length);
  };
  return { scheduler, transport, handler, connection, sink, say };
}

function respond(connection: Connection<Kept>, handler: Recorder, length: number): void {
  connection.writeHead(handler.stream(1), responseTemplate, noLiterals, 0, 0, false);
  connection.write(handler.stream(1), counting(0, length), 0, length, false);
}

describe("attachTransport()", () => {
  it("stops reading when a turn is over, goes on after the others' events, and keeps the end for last", () => {
    const { scheduler, transport, handler, sink, say } = attach();
    say(clientHello, settingsAck);
    scheduler.tick();
    transport.log.length = 0;
    handler.take();
    say(headers(1, requestBlock), ...Array.from({ length: 300 }, () => data(1, 1)));
    sink.ended();
    expect(transport.log).toEqual(["pause"]);
    expect(handler.take()).toHaveLength(256);
    scheduler.tick();
    expect(transport.log[1]).toBe("read");
    const lines = handler.take();
    expect(lines.slice(0, 45).every((line) => line === "data 1 1")).toBe(true);
    expect(lines.slice(45)).toEqual(["closed 1 2 connection", "connection closed 2 transport"]);
  });

  it("reads again when the connection closes in the middle of a turn", () => {
    const { scheduler, transport, connection, sink, say } = attach();
    say(clientHello, settingsAck, headers(1, requestBlock), ...Array.from({ length: 300 }, () => data(1, 1)));
    connection.close(0, "bye");
    expect(transport.log.filter((line) => line === "pause" || line === "read")).toEqual(["pause", "read"]);
    scheduler.tick();
    sink.closed();
    scheduler.tick();
  });

  it("writes once per tick", () => {
    const { scheduler, transport, say } = attach();
    say(clientHello);
    say(ping());
    say(ping());
    expect(transport.log).toEqual([]);
    scheduler.tick();
    expect(transport.log).toHaveLength(1);
    expect(transport.frames()).toHaveLength(5);
    scheduler.tick();
    expect(transport.log).toHaveLength(1);
  });

  it("writes a client's preface in the first tick", () => {
    const { scheduler, transport } = attach("client");
    scheduler.tick();
    expect(new TextDecoder().decode(transport.written.subarray(0, 24))).toMatch(/^PRI \* HTTP\/2\.0/);
  });

  it("writes a full buffer at once", () => {
    const { transport, handler, connection, say } = attach();
    say(clientHello, settingsAck, windowUpdate(0, 1_000_000), headers(1, requestBlock), windowUpdate(1, 1_000_000));
    respond(connection, handler, 200_000);
    expect(transport.log).toHaveLength(3);
    expect(connection.outputPending).toBeLessThan(outputBufferBytes);
  });

  it("waits while the transport holds a buffer, and goes on when it has drained", () => {
    const { scheduler, transport, handler, connection, sink, say } = attach();
    say(clientHello, settingsAck, windowUpdate(0, 10_000_000), headers(1, requestBlock), windowUpdate(1, 10_000_000));
    transport.takes = false;
    scheduler.tick();
    respond(connection, handler, 2_000_000);
    scheduler.tick();
    expect(transport.log).toHaveLength(1);
    const stream = handler.stream(1);
    expect(stream.queuedBytes).toBeGreaterThan(900_000);
    expect(connection.outputPending).toBeLessThanOrEqual(1_048_576 + 1_000);
    transport.takes = true;
    sink.drained();
    expect(stream.queuedBytes).toBe(0);
    expect(connection.outputPending).toBe(0);
    const sent = transport.frames().map((line) => /^DATA 1 (\d+)/.exec(line)?.[1] ?? "0");
    expect(sent.reduce((sum, length) => sum + Number(length), 0)).toBe(2_000_000);
    expect(handler.lines.at(-1)).toBe("room 1");
    sink.drained();
  });

  it("flushes its last words, ends the transport, and destroys it when the peer does not close", () => {
    const { scheduler, transport, connection, say } = attach();
    say(clientHello);
    scheduler.tick();
    transport.frames();
    connection.close(0, "bye");
    expect(transport.frames()).toEqual(["GOAWAY 0 0 bye"]);
    expect(transport.log.at(-1)).toBe("end");
    say(ping());
    scheduler.advance(1_999);
    expect(transport.log.at(-1)).toBe("end");
    scheduler.advance(1);
    expect(transport.log.at(-1)).toBe("destroy");
  });

  it("reads on behind its last words, so that they arrive, but not whatever comes", () => {
    const { scheduler, transport, connection, sink, say } = attach();
    say(clientHello);
    connection.close(0, "bye");
    const flood = new Uint8Array(65_536);
    const reads = () => transport.log.filter((line) => line === "pause" || line === "read");
    for (let octets = 0; octets < maxDiscardedBytes; octets += flood.length) say(flood);
    expect(reads()).toEqual([]);
    say(flood);
    expect(reads()).toEqual(["pause"]);
    say(flood);
    expect(reads()).toEqual(["pause"]);
    scheduler.advance(2_000);
    expect(transport.log.at(-1)).toBe("destroy");
    sink.closed();
  });

  it("waits for the transport before it ends it, but not for ever", () => {
    const { scheduler, transport, connection, sink, say } = attach();
    say(clientHello);
    transport.takes = false;
    scheduler.tick();
    connection.close(0, "bye");
    expect(transport.log).toHaveLength(1);
    sink.drained();
    expect(transport.frames().at(-1)).toBe("GOAWAY 0 0 bye");
    sink.drained();
    expect(transport.log.at(-1)).toBe("end");
    expect(scheduler.timers.size).toBe(1);

    const stuck = attach();
    stuck.say(clientHello);
    stuck.transport.takes = false;
    stuck.scheduler.tick();
    stuck.connection.close(0, "bye");
    stuck.scheduler.advance(30_000);
    expect(stuck.transport.log.at(-1)).toBe("destroy");
    stuck.sink.drained();
    stuck.sink.closed();
  });

  it("destroys the transport when the peer has closed its side after ours", () => {
    const { transport, connection, scheduler, sink, say } = attach();
    say(clientHello);
    connection.close(0, "bye");
    sink.ended();
    expect(transport.log.at(-1)).toBe("destroy");
    sink.closed();
    expect(scheduler.timers.size).toBe(0);
  });

  it("ends the connection with the transport", () => {
    const ended = attach();
    ended.say(clientHello, headers(1, requestBlock), data(1, 1));
    ended.sink.ended();
    expect(ended.handler.lines.slice(-2)).toEqual(["closed 1 2 connection", "connection closed 2 transport"]);
    expect(ended.transport.log.at(-1)).toBe("end");

    const broken = attach();
    broken.sink.closed(new Error("ECONNRESET"));
    expect(broken.handler.closeReason?.message).toBe("ECONNRESET");
    broken.sink.closed();
    broken.scheduler.tick();
    expect(broken.transport.log.filter((line) => line.startsWith("write"))).toEqual([]);
  });

  it("aborts when nobody speaks", () => {
    const { transport, connection, handler } = attach();
    connection.sweep(10_000);
    expect(transport.log).toEqual(["destroy"]);
    expect(handler.closeReason?.limit).toBe("prefaceMs");
  });

  it("closes from within a flush when the last stream of a leaving peer has gone", () => {
    const { scheduler, transport, handler, connection, say } = attach();
    say(clientHello, settingsAck, headers(1, requestBlock, true), goaway(0, 0));
    connection.writeHead(handler.stream(1), responseTemplate, noLiterals, 0, 0, true);
    scheduler.tick();
    expect(handler.closeReason).toMatchObject({ code: 0, by: "peer" });
    expect(transport.log.at(-1)).toBe("end");
  });
});
