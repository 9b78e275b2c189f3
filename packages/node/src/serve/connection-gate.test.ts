// SPDX-License-Identifier: Apache-2.0

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { defaultListenerLimits } from "../limits.js";
import { ConnectionGate } from "./connection-gate.js";
import { createListenerCounters } from "./listener-stats.js";

function createGate({ pressure = (): number => 0 } = {}) {
  const counters = createListenerCounters();
  const logged: string[] = [];
  const limits = { ...defaultListenerLimits, connectionsPerAddress: 2 };
  const log = { log: (_: string, event: string, message: string) => logged.push(`${event} ${message}`) };
  return { gate: new ConnectionGate({ limits, counters, log, pressure }), counters, logged };
}

/** As much of a socket as the gate looks at. */
function socketFrom(remoteAddress: string | undefined) {
  const done: string[] = [];
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress,
    remotePort: 7,
    resetAndDestroy: () => done.push("reset"),
    destroy: () => done.push("destroy"),
  });
  return { socket: socket as unknown as Socket, done, leave: () => socket.emit("close") };
}

describe("ConnectionGate", () => {
  it("counts the connections of one address and resets those over the limit", () => {
    const { gate, counters, logged } = createGate();
    const first = socketFrom("192.0.2.1");
    expect(gate.admit(first.socket)).toBe(true);
    expect(gate.admit(socketFrom("192.0.2.1").socket)).toBe(true);
    const third = socketFrom("::ffff:192.0.2.1");
    expect(gate.admit(third.socket)).toBe(false);
    expect(third.done).toEqual(["reset"]);
    expect(gate.admit(socketFrom("192.0.2.2").socket)).toBe(true);
    expect(counters).toMatchObject({ accepted: 3, connections: 3, limitHits: { connectionsPerAddress: 1 } });
    expect(logged).toEqual([
      "connection_refused Refused [::ffff:192.0.2.1]:7: 2 connections of its address are open, the limit (limits.connectionsPerAddress)",
    ]);
    first.leave();
    expect(counters.connections).toBe(2);
    expect(gate.admit(socketFrom("192.0.2.1").socket)).toBe(true);
  });

  it("lets nobody in while the memory budget is used up", () => {
    let pressure = 0.95;
    const { gate, counters, logged } = createGate({ pressure: () => pressure });
    expect(gate.admit(socketFrom("192.0.2.1").socket)).toBe(false);
    pressure = 0.949;
    expect(gate.admit(socketFrom("192.0.2.1").socket)).toBe(true);
    expect(counters.limitHits.memory).toBe(1);
    expect(logged[0]).toBe("connection_refused Refused 192.0.2.1:7: 95 % of the memory budget is used (memoryBytes)");
  });

  it("passes over a peer that has left already", () => {
    const { gate, counters, logged } = createGate();
    const gone = socketFrom(undefined);
    expect(gate.admit(gone.socket)).toBe(false);
    expect(gone.done).toEqual(["destroy"]);
    expect({ logged, accepted: counters.accepted }).toEqual({ logged: [], accepted: 0 });
  });
});
