// SPDX-License-Identifier: Apache-2.0
// The diagram of RFC 9113 section 5.1 through the whole connection: states reached by real frames and verbs, events that
// are real frames and verbs, both roles. (stream-state.test.ts holds the table alone to the same diagram.)
import { describe, expect, it } from "vitest";
import { ping } from "../frame/frames.suite.js";
import { nextStreamState, StreamEvent, StreamFault, StreamState } from "../stream/stream-state.js";
import { type Outcome, received, Scene, type Situation, sent, situations } from "./stream-situations.suite.js";

const pong = "PING ack 0102030405060708";
const letters: readonly Outcome[] = ["-", "O", "L", "R", "C"];

const ofPeer = situations.flatMap((situation) =>
  situation.received.map(([event, outcome]) => ({ ...situation, event, outcome })),
);
const ofOurs = situations.flatMap((situation) =>
  situation.sent.map(([event, outcome]) => ({ ...situation, event, outcome })),
);

/** Brings a new connection into the situation, with nothing left to take of what led there. */
function enter({ role, from, reach }: Situation): Scene {
  const scene = new Scene(role);
  reach(scene);
  scene.bench.output();
  scene.bench.handler.take();
  if (from !== "idle") expect(stateOf(scene)).toBe(letters[StreamState[from]]);
  return scene;
}

/** The state of stream 1 as its user sees it. */
function stateOf({ bench, stream }: Scene): Outcome {
  const seen = bench.handler.streams.get(1) ?? stream;
  if (seen === undefined || !bench.handler.streams.has(1)) return "C";
  if (seen.localEnded) return seen.remoteEnded ? "C" : "L";
  return seen.remoteEnded ? "R" : "O";
}

/** What has happened since `enter`. */
function outcomeOf(scene: Scene): Outcome {
  const { bench } = scene;
  const told = bench.handler.take();
  bench.receive(ping());
  const said = bench.frames().filter((line) => !line.startsWith("WINDOW_UPDATE"));
  if (bench.connection.closed) {
    expect(said).toHaveLength(1);
    expect(bench.handler.streams.size).toBe(0);
    return bench.handler.closeReason?.code === 1 ? "P!" : bench.handler.closeReason?.code === 5 ? "S!" : "x";
  }
  expect(said.at(-1)).toBe(pong);
  if (said.includes("RST_STREAM 1 1")) {
    expect(told.at(-1)).toBe("closed 1 1 local");
    return "p";
  }
  return told.length === 0 && said.length === 1 ? "-" : stateOf(scene);
}

describe("frames of the peer in every state", () => {
  it.each(ofPeer)("$role, $from by $by: $event: $outcome", (situation) => {
    const scene = enter(situation);
    const before = scene.bench.connection.openStreams;
    received[situation.event](scene, situation.id);
    const outcome = outcomeOf(scene);
    // WINDOW_UPDATE is told to nobody while nothing waits for it; it must have left the state alone.
    if (outcome === "-" && situation.outcome !== "-") expect(stateOf(scene)).toBe(situation.outcome);
    else expect(outcome).toBe(situation.outcome);
    if (situation.outcome === "-") expect(scene.bench.connection.openStreams).toBe(before);
  });

  it("lead where the table says, but for section 8 and for what was sent before our reset was known", () => {
    for (const { outcome, ...situation } of ofPeer) {
      const predicted = predict(situation);
      if (predicted === undefined || outcome === "p") continue;
      if (outcome === "-") expect(predicted === "C" || situation.by === "RST_STREAM of ours").toBe(true);
      else expect(outcome, `${situation.role}, ${situation.by}, ${situation.event}`).toBe(predicted);
    }
  });
});

describe("verbs in every state", () => {
  it.each(ofOurs)("$role, $from by $by: $event: $outcome", (situation) => {
    const scene = enter(situation);
    const act = () => sent[situation.event](scene);
    if (situation.outcome === "x") {
      expect(act).toThrow(/^Cannot /);
      expect(outcomeOf(scene)).toBe("-");
      return;
    }
    act();
    const outcome = outcomeOf(scene);
    expect(outcome).toBe(situation.outcome);
    const event = ours[situation.event];
    if (outcome !== "-") expect(letterOf(nextOf(StreamState[situation.from], event))).toBe(outcome);
  });

  it("is what the situations cover: every state in both roles", () => {
    for (const role of ["server", "client"]) {
      const states = situations.filter((situation) => situation.role === role).map(({ from }) => from);
      expect(new Set(states)).toEqual(new Set(Object.keys(StreamState)));
    }
  });
});

type Events = readonly (typeof StreamEvent)[keyof typeof StreamEvent][];

const { sendHead, sendData, sendEnd, sendReset, receiveHead, receiveData, receiveEnd } = StreamEvent;
const ours: Readonly<Record<keyof typeof sent, Events>> = {
  "a head": [sendHead],
  trailers: [sendHead, sendEnd],
  data: [sendData],
  "data and the end": [sendData, sendEnd],
  "a reset": [sendReset],
};
/** Events of the table; the other frames leave states alone or are never right. */
const theirs: Partial<Record<keyof typeof received, Events>> = {
  HEADERS: [receiveHead],
  "HEADERS with END_STREAM": [receiveHead, receiveEnd],
  DATA: [receiveData],
  "DATA with END_STREAM": [receiveData, receiveEnd],
  RST_STREAM: [StreamEvent.receiveReset],
  WINDOW_UPDATE: [StreamEvent.receiveWindowUpdate],
};

/** What the table says of an event; undefined where roles and ids decide, which it does not know. */
function predict({ role, from, id, event }: Omit<(typeof ofPeer)[number], "outcome">): Outcome | undefined {
  const steps = theirs[event];
  if (steps === undefined || id !== 1 || (role === "client" && from === "idle")) return undefined;
  return letterOf(nextOf(StreamState[from], steps));
}

function letterOf(next: StreamState | StreamFault): Outcome | undefined {
  return next === StreamFault.notOpen ? "P!" : next === StreamFault.ended ? "S!" : letters[next];
}

function nextOf(from: StreamState, steps: Events): StreamState | StreamFault {
  let state: StreamState | StreamFault = from;
  for (const step of steps) if (state >= 0) state = nextStreamState(state as StreamState, step);
  return state;
}
