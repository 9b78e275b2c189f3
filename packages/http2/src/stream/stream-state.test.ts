// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { nextStreamState, StreamEvent, StreamFault, StreamState } from "./stream-state.js";

const { idle, open, halfClosedLocal, halfClosedRemote, closed } = StreamState;
const { notOpen, ended } = StreamFault;

// RFC 9113 section 5.1, state by state.
const expected: Readonly<Record<keyof typeof StreamEvent, readonly [number, number, number, number, number]>> = {
  // from:              idle     open              halfClosedLocal  halfClosedRemote  closed
  sendHead: [open, open, ended, halfClosedRemote, ended],
  sendData: [notOpen, open, ended, halfClosedRemote, ended],
  sendEnd: [notOpen, halfClosedLocal, ended, closed, ended],
  sendReset: [notOpen, closed, closed, closed, closed],
  receiveHead: [open, open, halfClosedLocal, ended, ended],
  receiveData: [notOpen, open, halfClosedLocal, ended, ended],
  receiveEnd: [notOpen, halfClosedRemote, closed, ended, ended],
  receiveReset: [notOpen, closed, closed, closed, closed],
  receiveWindowUpdate: [notOpen, open, halfClosedLocal, halfClosedRemote, closed],
};

describe("nextStreamState()", () => {
  const states = [idle, open, halfClosedLocal, halfClosedRemote, closed];
  const pairs = Object.entries(StreamEvent).flatMap(([name, event]) =>
    states.map((state) => ({ name: name as keyof typeof StreamEvent, event, state })),
  );

  it.each(pairs)("from state $state by $name", ({ name, event, state }) => {
    expect(nextStreamState(state, event)).toBe(expected[name][state]);
  });

  it("is told for every state and event", () => {
    expect(pairs).toHaveLength(Object.keys(StreamState).length * Object.keys(StreamEvent).length);
  });
});
