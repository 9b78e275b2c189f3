// SPDX-License-Identifier: Apache-2.0
import { begin, drainByInstance, flushMark, giveUpChannel, pay, readDown, reconnect, settle } from "./bridge-side.js";
import {
  initialState,
  type ModelChannel,
  type ModelConfig,
  type ModelState,
  ModelViolation,
  withChannel,
} from "./model-state.js";
import { dispatch, drainByRouter, endByCaller, holdOver, loseChannel, readUp } from "./router-side.js";

/** What an exploration has found. */
export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** The first rule that does not hold, and the shortest way there. */
  readonly violation?: { readonly message: string; readonly path: readonly string[] };
}

/** A step that may be taken; a fault is one that nobody may rely on. */
interface Step {
  readonly name: string;
  readonly isFault: boolean;
  readonly take: () => ModelState;
}

/**
 * Looks at every interleaving of a small world, breadth first, so that a violation comes with a shortest path.
 *
 * @throws Error when there are more than `maxStates` states: the world is too large to say anything about all of it.
 */
export function explore(config: ModelConfig, maxStates = 2_000_000): Exploration {
  const start = initialState(config);
  const seen = new Map<string, { readonly from: string; readonly step: string }>();
  let steps = 0;
  let frontier: [key: string, state: ModelState][] = [[JSON.stringify(start), start]];
  seen.set(JSON.stringify(start), { from: "", step: "" });
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const [key, state] of frontier) {
      const possible = stepsOf(state, config);
      try {
        if (!possible.some(({ isFault }) => !isFault)) checkQuiet(state);
        for (const { name, take } of possible) {
          steps++;
          const after = checked(take, name);
          const afterKey = JSON.stringify(after);
          if (seen.has(afterKey)) continue;
          seen.set(afterKey, { from: key, step: name });
          next.push([afterKey, after]);
        }
      } catch (error) {
        if (!(error instanceof ModelViolation)) throw error;
        return { states: seen.size, steps, violation: { message: error.message, path: pathTo(seen, key) } };
      }
      if (seen.size > maxStates) throw new Error(`Cannot explore: more than ${maxStates} states`);
    }
    frontier = next;
  }
  return { states: seen.size, steps };
}

function checked(take: () => ModelState, name: string): ModelState {
  try {
    const after = take();
    checkAlways(after);
    return after;
  } catch (error) {
    if (error instanceof ModelViolation) throw new ModelViolation(`${name}: ${error.message}`);
    throw error;
  }
}

/** What holds in every state. */
function checkAlways({ calls, channels }: ModelState): void {
  for (const call of calls) {
    if (!call.idempotent && call.runs > 1) throw new ModelViolation("a call that must not run twice ran twice");
    if (call.outcome === "ok" && call.runs === 0) throw new ModelViolation("OK without a run");
    const failed = call.outcome === "lost" || call.outcome === "requeueLimit";
    if (failed && call.execution === "none" && call.runs > 0) throw new ModelViolation("execution none, yet it ran");
  }
  channels.forEach(({ router, bridge, calls: held }, at) => {
    if (router === "closed" || bridge === "closed") return;
    for (const { id, state } of held) {
      const isLive = state !== "ended";
      const owned = calls.some((call) => call.channel === at && call.id === id && call.state !== "done");
      if (isLive && !owned) throw new ModelViolation("an instance works on a call whose slot is free");
    }
  });
}

/** What holds when nothing happens any more by itself. */
function checkQuiet({ calls, channels }: ModelState): void {
  for (const { state } of calls) {
    const mayWait = state === "queued" && channels.every(({ router }) => router !== "open");
    if (state !== "done" && !mayWait) throw new ModelViolation(`nothing moves, and a call is ${state}`);
  }
  for (const { bridge, calls: held } of channels) {
    if (bridge === "open" && held.some(({ state }) => state !== "ended")) {
      throw new ModelViolation("nothing moves, and an instance still holds a call");
    }
  }
}

function stepsOf(state: ModelState, config: ModelConfig): Step[] {
  const steps: Step[] = [];
  const add = (name: string, take: () => ModelState, isFault = false): void => void steps.push({ name, take, isFault });
  state.calls.forEach((call, index) => {
    if (call.state === "held") add(`call ${index} held too long`, () => holdOver(state, index, config));
    if (call.outcome !== undefined) return;
    if (call.mayGo) add(`caller ${index} goes`, () => endByCaller(state, index, "gone", config), true);
    if (call.mayExpire) add(`deadline of ${index}`, () => endByCaller(state, index, "deadline", config), true);
  });
  state.channels.forEach((channel, at) => {
    addRouterSteps(state, at, channel, config, add);
    if (!state.dead.includes(channel.process)) addBridgeSteps(state, at, channel, config, add);
    addLinkSteps(state, at, channel, add);
  });
  if (state.channels.length >= config.maxChannels) return steps;
  for (let process = 0; process < config.processes; process++) {
    if (wantsChannel(state, process)) add(`process ${process} registers`, () => reconnect(state, process));
  }
  return steps;
}

type Add = (name: string, take: () => ModelState, isFault?: boolean) => void;

function addRouterSteps(state: ModelState, at: number, channel: ModelChannel, config: ModelConfig, add: Add): void {
  if (channel.up.length > 0) add(`router reads ${channel.up[0]?.kind} of ${at}`, () => readUp(state, at, config));
  if (channel.router === "closed") return;
  const isGone = channel.link === "cut" || (channel.bridge === "closed" && channel.up.length === 0);
  const lose = (from: ModelState) => loseChannel(from, at, config);
  if (isGone) add(`router loses ${at}`, () => lose(state));
  // It may be wrong about that: the link works, the instance was only slow.
  else if (state.faults > 0) add(`router gives ${at} up`, () => lose({ ...state, faults: state.faults - 1 }), true);
  if (channel.router !== "open") return;
  state.calls.forEach((call, index) => {
    if (call.state === "queued") add(`start ${index} on ${at}`, () => dispatch(state, index, at));
  });
  if (state.drains > 0)
    add(`router drains ${at}`, () => drainByRouter({ ...state, drains: state.drains - 1 }, at), true);
}

function addBridgeSteps(state: ModelState, at: number, channel: ModelChannel, config: ModelConfig, add: Add): void {
  if (channel.bridge === "closed") return;
  if (channel.down.length > 0) add(`bridge reads ${channel.down[0]?.kind} of ${at}`, () => readDown(state, at, config));
  if (channel.mark > channel.markSent) add(`mark of ${at} leaves`, () => flushMark(state, at));
  for (const { id, state: callState, paid } of channel.calls) {
    if (callState === "received") add(`${id} on ${at} begins`, () => begin(state, at, id, config));
    if (callState === "begun" && !paid) add(`${id} on ${at} answers`, () => pay(state, at, id));
    if (callState === "begun" || callState === "aborting")
      add(`${id} on ${at} settles`, () => settle(state, at, id, config));
  }
  const isGone = channel.link === "cut" || (channel.router === "closed" && channel.down.length === 0);
  if (isGone) add(`bridge loses ${at}`, () => giveUpChannel(state, at));
  else if (state.faults > 0)
    add(`bridge gives ${at} up`, () => giveUpChannel({ ...state, faults: state.faults - 1 }, at), true);
  if (state.drains === 0 || channel.drainedAt >= 0 || channel.router === "hello") return;
  const least = config.bug === "drain below a begun call" ? 0 : channel.mark;
  for (let last = least; last <= channel.lastRead; last++) {
    add(
      `instance drains ${at} at ${last}`,
      () => drainByInstance({ ...state, drains: state.drains - 1 }, at, last),
      true,
    );
  }
}

function addLinkSteps(state: ModelState, at: number, channel: ModelChannel, add: Add): void {
  if (state.faults === 0 || channel.link === "cut") return;
  const faults = state.faults - 1;
  add(`link ${at} breaks`, () => withChannel({ ...state, faults }, at, { link: "cut", down: [], up: [] }), true);
  if (state.dead.includes(channel.process)) return;
  add(
    `process ${channel.process} crashes`,
    () => {
      let next: ModelState = { ...state, faults, dead: [...state.dead, channel.process] };
      state.channels.forEach(({ process }, index) => {
        if (process !== channel.process) return;
        next = withChannel(giveUpChannel(next, index), index, { link: "cut", down: [], up: [], stated: true });
      });
      return next;
    },
    true,
  );
}

/** A live process without a channel that takes calls. */
function wantsChannel({ channels, dead }: ModelState, process: number): boolean {
  if (dead.includes(process)) return false;
  return channels.every(
    ({ process: owner, bridge, told, drainedAt }) => owner !== process || bridge === "closed" || told || drainedAt >= 0,
  );
}

function pathTo(seen: ReadonlyMap<string, { readonly from: string; readonly step: string }>, key: string): string[] {
  const path: string[] = [];
  for (let at = key; at !== ""; at = seen.get(at)?.from ?? "") {
    const step = seen.get(at)?.step ?? "";
    if (step !== "") path.unshift(step);
  }
  return path;
}
