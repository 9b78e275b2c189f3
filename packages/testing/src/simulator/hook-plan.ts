// SPDX-License-Identifier: Apache-2.0
import type { BytesValue } from "@bufbuild/protobuf/wkt";
import type { MessageHook, MethodHooks, ServiceSettings } from "@grpc-router/runtime";
import { createSeededRandom, type SeededRandom } from "../seeded-random.js";
import type { CallPlan } from "./call-plan.js";
import { readContent, writeContent } from "./sim-content.js";
import type { SimProcess } from "./sim-process.js";
import { localNameOf, type SimMethod, simServices } from "./sim-service.js";

/** Which directions of a method have a hook. */
interface HookedMethod {
  readonly request: boolean;
  readonly response: boolean;
}

/** Hooks of a world; what each says of a message is drawn from the message. */
export interface HookPlan {
  readonly seed: number;
  /** Bytes that hooks make of a message at most, beside its content. */
  readonly maxBytes: number;
  readonly methods: ReadonlyMap<SimMethod, HookedMethod>;
}

/** Every so many schedules have hooks, from the first one with this rest on; some of them have policies, too. */
const hookSeeds = 6;
const firstHookSeed = 1;
/** Bytes that hooks add or leave at most. */
const maxHookBytes = 30_000;
/** Milliseconds that they take at most. */
const maxHookMs = 40;

/** Draws the hooks of the world of a seed; undefined: none. Apart from all else, so that other worlds stay as they are. */
export function drawHooks(
  seed: number,
  calls: readonly CallPlan[],
  maxMessageBytes = Number.POSITIVE_INFINITY,
): HookPlan | undefined {
  if (seed % hookSeeds !== firstHookSeed) return undefined;
  const random = createSeededRandom(seed ^ 0x686f6f6b);
  // Hooks read protobuf alone.
  const others = new Set(calls.filter(({ subtype }) => subtype !== "").map(({ method }) => method));
  const methods = simServices.flatMap((service) => service.methods).filter((method) => !others.has(method));
  const drawn = methods.map((method): [SimMethod, HookedMethod] => {
    return [method, { request: random.integer(3) > 0, response: random.integer(3) > 0 }];
  });
  return { seed, maxBytes: Math.min(maxHookBytes, maxMessageBytes / 2), methods: new Map(drawn) };
}

/** Settings of the service at this place with the hooks of a plan, in a process. */
export function withHooks(
  settings: ServiceSettings | undefined,
  at: number,
  { plan, process }: { readonly plan: HookPlan | undefined; readonly process: SimProcess },
): ServiceSettings | undefined {
  if (plan === undefined) return settings;
  const hooked = (simServices[at]?.methods ?? []).map((method): [string, object] => {
    const name = localNameOf(method);
    const { request = false, response = false } = plan.methods.get(method) ?? {};
    const hooks: MethodHooks<BytesValue, BytesValue> = {
      ...(request ? { onRequest: createHook(plan, process, "request") } : {}),
      ...(response ? { onResponse: createHook(plan, process, "response") } : {}),
    };
    return [name, { ...settings?.methods?.[name], ...hooks }];
  });
  return { ...settings, methods: Object.fromEntries(hooked) };
}

/** A hook that answers the same for the same message, now or after a while of the process's time. */
function createHook(plan: HookPlan, process: SimProcess, direction: "request" | "response"): MessageHook<BytesValue> {
  return (message) => {
    const content = message.value instanceof Uint8Array ? readContent(message.value) : undefined;
    // Of a peer that means harm.
    if (content === undefined) return undefined;
    const { call, sequence, execution } = content;
    const random = createSeededRandom(plan.seed ^ (call * 7_919 + sequence * 31 + (direction === "request" ? 1 : 2)));
    let answer: BytesValue | undefined;
    const least = direction === "request" ? 0 : message.value.length;
    if (random.integer(2) === 0 && least < plan.maxBytes) {
      const filling = fillingOf(random, plan, least);
      // What else a request has stays as it is.
      answer = { ...message, value: writeContent({ call, sequence, execution }, filling) };
    }
    return random.integer(3) === 0 ? later(process, random.random() * maxHookMs, answer) : answer;
  };
}

/** Replies only grow: what a caller has taken is held against the credit that the router gave for what came. */
function fillingOf(random: SeededRandom, { maxBytes }: HookPlan, least: number): number {
  const drawn = random.integer(random.integer(5) === 0 ? maxBytes : Math.min(200, maxBytes));
  return Math.max(least, drawn);
}

async function later<Value>(process: SimProcess, ms: number, value: Value): Promise<Value> {
  process.work++;
  await process.sleep(ms);
  // Settles in this turn.
  process.defer(() => process.work--);
  return value;
}
