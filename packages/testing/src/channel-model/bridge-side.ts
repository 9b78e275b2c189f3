// SPDX-License-Identifier: Apache-2.0
import {
  type BridgeCall,
  type ModelChannel,
  type ModelConfig,
  type ModelState,
  newChannel,
  type UpFrame,
  withCall,
  withChannel,
} from "./model-state.js";

/** Reads the next frame of a channel. */
export function readDown(state: ModelState, at: number, config: ModelConfig): ModelState {
  const channel = channelAt(state, at);
  const [frame, ...down] = channel.down;
  if (frame === undefined) throw new Error("nothing to read");
  const next = withChannel(state, at, { down });
  switch (frame.kind) {
    case "start": {
      const lastRead = frame.id;
      // A Start that crosses our Drain is counted and forgotten.
      const late =
        channel.drainedAt >= 0 && frame.id > channel.drainedAt && config.bug !== "drained instance runs late starts";
      if (late) return withChannel(next, at, { lastRead });
      const call: BridgeCall = { id: frame.id, call: frame.call, state: "received", paid: false };
      return withChannel(next, at, { lastRead, calls: [...channel.calls, call] });
    }
    case "cancel":
      return onCancel(next, at, frame.id);
    case "drain":
      return withChannel(next, at, { told: true });
  }
}

function onCancel(state: ModelState, at: number, id: number): ModelState {
  const call = channelAt(state, at).calls.find((held) => held.id === id);
  if (call?.state === "received") {
    return setCall(send(state, at, { kind: "end", id, notRun: true, aborted: false }), at, id, { state: "ended" });
  }
  if (call?.state !== "begun") return state;
  return setCall(state, at, id, { state: "aborting" });
}

/** User code begins: the mark is raised before, in memory. */
export function begin(state: ModelState, at: number, id: number, config: ModelConfig): ModelState {
  const channel = channelAt(state, at);
  const call = channel.calls.find((held) => held.id === id) as BridgeCall; // the explorer asks for calls that are there
  const mark = config.bug === "mark after user code" ? channel.mark : Math.max(channel.mark, id);
  const begun = setCall(withChannel(state, at, { mark }), at, id, { state: "begun" });
  return withCall(begun, call.call, { runs: (state.calls[call.call]?.runs ?? 0) + 1 });
}

/** The mark goes on the wire. */
export function flushMark(state: ModelState, at: number): ModelState {
  const { mark, markSent } = channelAt(state, at);
  if (mark <= markSent) return state;
  return withChannel(send(state, at, { kind: "mark", through: mark }), at, { markSent: mark });
}

/** User code answers with a message, the mark in front of it. */
export function pay(state: ModelState, at: number, id: number): ModelState {
  return setCall(send(flushMark(state, at), at, { kind: "payload", id }), at, id, { paid: true });
}

/** User code settles. */
export function settle(state: ModelState, at: number, id: number, config: ModelConfig): ModelState {
  const call = channelAt(state, at).calls.find((held) => held.id === id);
  const aborted = call?.state === "aborting";
  const marked = config.bug === "mark not before the answer" ? state : flushMark(state, at);
  return setCall(send(marked, at, { kind: "end", id, notRun: false, aborted }), at, id, { state: "ended" });
}

/** The instance drains one channel; `last` is between its mark and the last Start it has read. */
export function drainByInstance(state: ModelState, at: number, last: number): ModelState {
  const channel = channelAt(state, at);
  const calls = channel.calls.filter(({ id }) => id <= last);
  return send(withChannel(flushMark(state, at), at, { drainedAt: last, calls }), at, { kind: "drain", last });
}

/** The bridge finds that a channel is gone: what was received is forgotten, what runs answers nobody. */
export function giveUpChannel(state: ModelState, at: number): ModelState {
  return withChannel(state, at, { bridge: "closed", calls: [] });
}

/** The process registers once more; it states what became of the channels it has given up. */
export function reconnect(state: ModelState, process: number): ModelState {
  const previous = state.channels.flatMap(({ bridge, stated, mark, process: owner }, channel) =>
    owner === process && bridge === "closed" && !stated ? [{ channel, mark }] : [],
  );
  const channels = state.channels.map((channel, index) =>
    previous.some((given) => given.channel === index) ? { ...channel, stated: true } : channel,
  );
  return { ...state, channels: [...channels, newChannel(process, previous)] };
}

function send(state: ModelState, at: number, frame: UpFrame): ModelState {
  const channel = channelAt(state, at);
  return channel.link === "up" ? withChannel(state, at, { up: [...channel.up, frame] }) : state;
}

function setCall(state: ModelState, at: number, id: number, change: Partial<BridgeCall>): ModelState {
  const calls = channelAt(state, at).calls.map((call) => (call.id === id ? { ...call, ...change } : call));
  return withChannel(state, at, { calls });
}

function channelAt(state: ModelState, index: number): ModelChannel {
  return state.channels[index] as ModelChannel; // indices come from the state itself
}
