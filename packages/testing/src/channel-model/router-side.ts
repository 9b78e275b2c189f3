// SPDX-License-Identifier: Apache-2.0
import {
  type Execution,
  type ModelChannel,
  type ModelConfig,
  type ModelState,
  ModelViolation,
  type Outcome,
  type RouterCall,
  type UpFrame,
  withCall,
  withChannel,
} from "./model-state.js";

/** Requeues of one call, and instances it may die of (docs/channel.md section 8). */
const maxRequeues = 3;
const maxDeaths = 2;

/** Writes the Start of a queued call to an open channel. */
export function dispatch(state: ModelState, call: number, at: number): ModelState {
  const channel = channelAt(state, at);
  const id = channel.lastStart + 1;
  const sent = withChannel(state, at, { lastStart: id, ...down(channel, { kind: "start", id, call }) });
  return withCall(sent, call, { state: "sent", channel: at, id });
}

/** The caller goes, or the deadline passes. */
export function endByCaller(
  state: ModelState,
  index: number,
  outcome: "gone" | "deadline",
  config: ModelConfig,
): ModelState {
  const call = callAt(state, index);
  const change = outcome === "gone" ? { mayGo: false } : { mayExpire: false };
  const answered = withCall(answer(state, index, outcome), index, change);
  if (call.state !== "sent" && call.state !== "accepted")
    return withCall(answered, index, { state: "done", channel: -1 });
  const channel = channelAt(state, call.channel);
  const told = withChannel(answered, call.channel, down(channel, { kind: "cancel", id: call.id }));
  return withCall(told, index, { state: config.bug === "cancel frees the slot" ? "done" : "cancelling" });
}

/** The router drains a channel: no Start follows. */
export function drainByRouter(state: ModelState, at: number): ModelState {
  return withChannel(state, at, { router: "draining", ...down(channelAt(state, at), { kind: "drain" }) });
}

/** The router finds that a channel is gone; nothing that still arrives counts. */
export function loseChannel(state: ModelState, at: number, config: ModelConfig): ModelState {
  let next = withChannel(state, at, { router: "closed" });
  for (const index of callsOn(state, at)) {
    const call = callAt(state, index);
    if (config.holds && call.state === "sent") next = withCall(next, index, { state: "held" });
    else next = giveUp(next, index, call.state === "accepted" ? "started" : "unknown", config);
  }
  return next;
}

/** Nobody said in time what became of a held call. */
export function holdOver(state: ModelState, index: number, config: ModelConfig): ModelState {
  return giveUp(state, index, "unknown", config);
}

/** Reads the next frame of a channel. */
export function readUp(state: ModelState, at: number, config: ModelConfig): ModelState {
  const channel = channelAt(state, at);
  const [frame, ...up] = channel.up;
  if (frame === undefined) throw new Error("nothing to read");
  const next = withChannel(state, at, { up });
  if (channel.router === "closed" && config.bug !== "late frames of a closed channel count") return next;
  switch (frame.kind) {
    case "hello":
      return onHello(next, at, frame.previous, config);
    case "mark":
      return onMark(next, at, frame.through);
    case "payload":
      return onPayload(next, at, frame.id);
    case "end":
      return onEnd(next, at, frame);
    case "drain":
      return onDrain(next, at, frame.last, config);
  }
}

function onHello(
  state: ModelState,
  at: number,
  previous: Extract<UpFrame, { kind: "hello" }>["previous"],
  config: ModelConfig,
): ModelState {
  let next = withChannel(state, at, { router: "open" });
  for (const { channel, mark } of previous) next = onPrevious(next, channel, mark, config);
  const { process } = channelAt(state, at);
  state.channels.forEach((other, index) => {
    // Takeover: what the newcomer did not give up is drained.
    if (index !== at && other.process === process && channelAt(next, index).router === "open")
      next = drainByRouter(next, index);
  });
  return next;
}

function onPrevious(state: ModelState, at: number, mark: number, config: ModelConfig): ModelState {
  if (mark < channelAt(state, at).marked)
    throw new ModelViolation("a correct instance states a mark below one that was seen");
  let next = withChannel(state, at, { router: "closed" });
  for (const index of callsOn(state, at)) {
    const call = callAt(state, index);
    const proven = call.id > mark || config.bug === "previous moves begun calls";
    if (proven) next = requeueProven(next, index);
    else next = giveUp(next, index, "started", config);
  }
  return next;
}

function onMark(state: ModelState, at: number, through: number): ModelState {
  let next = withChannel(state, at, { marked: Math.max(through, channelAt(state, at).marked) });
  for (const index of callsOn(state, at)) {
    const call = callAt(state, index);
    if (call.id <= through && call.state === "sent") next = withCall(next, index, { state: "accepted" });
  }
  return next;
}

function onPayload(state: ModelState, at: number, id: number): ModelState {
  const index = findCall(state, at, id);
  const call = callAt(state, index);
  if (channelAt(state, at).marked < id) throw new ModelViolation("a payload came before its mark");
  return call.state === "cancelling" ? state : withCall(state, index, { forwarded: true });
}

function onEnd(state: ModelState, at: number, frame: Extract<UpFrame, { kind: "end" }>): ModelState {
  const index = findCall(state, at, frame.id);
  const call = callAt(state, index);
  if (call.state === "cancelling") return withCall(state, index, { state: "done", channel: -1 });
  if (frame.notRun) {
    if (call.forwarded) throw new ModelViolation("not_run after a payload");
    return requeueProven(state, index);
  }
  if (frame.aborted) throw new ModelViolation("a call was aborted that nobody cancelled");
  if (call.state === "sent") {
    throw new ModelViolation("an End of user code came before its mark");
  }
  return finish(state, index, "ok");
}

function onDrain(state: ModelState, at: number, last: number, config: ModelConfig): ModelState {
  const channel = channelAt(state, at);
  if (last < channel.marked && config.bug === undefined) throw new ModelViolation("a Drain below the mark");
  let next = withChannel(state, at, { router: channel.router === "closed" ? "closed" : "draining" });
  for (const index of callsOn(state, at)) if (callAt(state, index).id > last) next = requeueProven(next, index);
  return next;
}

/** The lost rule: no proof, so only what may run twice and was not seen by the caller goes on. */
function giveUp(state: ModelState, index: number, execution: Execution, config: ModelConfig): ModelState {
  const call = callAt(state, index);
  if (call.state === "cancelling") return withCall(state, index, { state: "done", channel: -1 });
  const worst = worse(call.execution, execution);
  const deaths = call.deaths + 1;
  const known = withCall(state, index, { execution: worst, deaths });
  const mayMove = call.idempotent || config.bug === "lost call moves without proof";
  if (!mayMove || call.forwarded) return finish(known, index, "lost");
  if (call.requeues >= maxRequeues || deaths >= maxDeaths) return finish(known, index, "requeueLimit");
  return requeue(known, index);
}

/** Proof that user code did not run this time: it goes on whatever its method. */
function requeueProven(state: ModelState, index: number): ModelState {
  const call = callAt(state, index);
  if (call.state === "cancelling") return withCall(state, index, { state: "done", channel: -1 });
  if (call.requeues >= maxRequeues || call.deaths >= maxDeaths) return finish(state, index, "requeueLimit");
  return requeue(state, index);
}

function requeue(state: ModelState, index: number): ModelState {
  return withCall(state, index, { state: "queued", channel: -1, id: 0, requeues: callAt(state, index).requeues + 1 });
}

function finish(state: ModelState, index: number, outcome: Outcome): ModelState {
  return withCall(answer(state, index, outcome), index, { state: "done", channel: -1 });
}

function answer(state: ModelState, index: number, outcome: Outcome): ModelState {
  if (callAt(state, index).outcome !== undefined) throw new ModelViolation("a caller is answered twice");
  return withCall(state, index, { outcome });
}

function findCall(state: ModelState, at: number, id: number): number {
  const index = state.calls.findIndex((call) => call.channel === at && call.id === id && call.state !== "done");
  if (index < 0) throw new ModelViolation(`a correct instance is refused: CALL_UNKNOWN ${id}`);
  return index;
}

function callsOn(state: ModelState, at: number): number[] {
  return state.calls.flatMap((call, index) => (call.channel === at && call.state !== "done" ? [index] : []));
}

function down(channel: ModelChannel, frame: ModelChannel["down"][number]): Pick<ModelChannel, "down"> {
  return { down: channel.link === "up" ? [...channel.down, frame] : channel.down };
}

function callAt(state: ModelState, index: number): RouterCall {
  return state.calls[index] as RouterCall; // indices come from the state itself
}

function channelAt(state: ModelState, index: number): ModelChannel {
  return state.channels[index] as ModelChannel; // as above
}

function worse(one: Execution, other: Execution): Execution {
  const order: readonly Execution[] = ["none", "unknown", "started"];
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}
