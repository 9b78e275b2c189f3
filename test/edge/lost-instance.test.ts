// SPDX-License-Identifier: Apache-2.0
// kill -9 of an instance: what becomes of each call goes by the lost rule (docs/channel.md section 4).
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { MARK_DELAY_MS } from "@grpc-router/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../clients/grpc-js-client.ts";
import { createFaultClient, errorInfoOf, patient } from "../faults/fault-client.ts";
import type { Report } from "../faults/gen/faults/v1/faults_pb.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, startInstance, startRouter } from "../harness/stack.ts";

/** A call of a lost instance ends at once, not at some time limit. */
const AT_ONCE_MS = 2_000;
/** Above what the router keeps of a request (64 KiB). */
const LARGE_BYTES = 100_000;

type Calls = ReturnType<typeof createFaultClient>;

/** What a call came to, `retried` with one attempt before. */
interface Fate {
  readonly name: string;
  readonly begin: (client: Calls, name: string) => Promise<Outcome<Report>>;
  readonly expected: "retried" | "started" | "unknown" | "none";
}

const held = (name: string) => ({ name, holdOn: ["first"] });
/** Sends the first order of a call and no more. */
const left = (call: { readonly outcome: Promise<Outcome<Report>> }) => call.outcome;

const accepted: readonly Fate[] = [
  { name: "unary", begin: (client, name) => client.run(held(name)), expected: "started" },
  { name: "idempotent unary", begin: (client, name) => client.repeat(held(name)), expected: "retried" },
  {
    name: "idempotent unary too large to be kept",
    begin: (client, name) => client.repeat({ ...held(name), payload: new Uint8Array(LARGE_BYTES) }),
    expected: "started",
  },
  {
    name: "server stream after its first answer",
    begin: (client, name) => left(client.watch(held(name))),
    expected: "started",
  },
  {
    name: "idempotent server stream after its first answer",
    begin: (client, name) => left(client.watchAgain(held(name))),
    expected: "started",
  },
  { name: "client stream", begin: (client, name) => left(client.collect(held(name))), expected: "started" },
  { name: "bidi stream", begin: (client, name) => left(client.converse(held(name))), expected: "started" },
];

const unconfirmed: readonly Fate[] = [
  { name: "unary", begin: (client, name) => client.run({ name }), expected: "unknown" },
  { name: "idempotent unary", begin: (client, name) => client.repeat({ name }), expected: "retried" },
  {
    name: "idempotent unary too large to be kept",
    begin: (client, name) => client.repeat({ name, payload: new Uint8Array(LARGE_BYTES) }),
    expected: "unknown",
  },
  { name: "server stream", begin: (client, name) => left(client.watch({ name })), expected: "unknown" },
  { name: "idempotent server stream", begin: (client, name) => left(client.watchAgain({ name })), expected: "retried" },
  { name: "client stream", begin: (client, name) => left(client.collect({ name })), expected: "unknown" },
  { name: "bidi stream", begin: (client, name) => left(client.converse({ name })), expected: "unknown" },
];

/** Resolves when the router knows of calls that have begun, although nothing else is said about them. */
const untilMarked = () => sleep(3 * MARK_DELAY_MS);

/** A router and instances that a test adds; all is stopped at its end. */
class Bed {
  readonly router: RouterProcess;
  readonly client: Calls;
  readonly #instances: Running[] = [];

  static async start(): Promise<Bed> {
    return new Bed(await startRouter());
  }

  constructor(router: RouterProcess) {
    this.router = router;
    this.client = createFaultClient(router.address);
  }

  async add(id: string, capacity?: number): Promise<Running> {
    const instance = await startInstance({ url: this.router.url, services: ["faults"], id, capacity });
    this.#instances.push(instance);
    return instance;
  }

  /** Resolves when the router has dealt with all that was sent to it on the client's connection so far. */
  async settled(): Promise<void> {
    const { client } = this.client;
    const { promise, resolve } = Promise.withResolvers<void>();
    const raw = (bytes: Buffer) => bytes;
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", raw, raw, Buffer.alloc(0), () => resolve());
    await promise;
  }

  async stop(): Promise<void> {
    this.client.close();
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    await this.router.stop();
  }
}

describe.each([
  { when: "runs", fates: accepted, isStopped: false },
  { when: "has read but not confirmed", fates: unconfirmed, isStopped: true },
])("kill -9 of an instance ends each call that it $when as the lost rule says", ({ fates, isStopped }) => {
  let bed: Bed;
  let outcomes: Map<string, Outcome<Report>>;
  let tookMs: number;

  beforeAll(async () => {
    bed = await Bed.start();
    const first = await bed.add("first");
    if (isStopped) first.kill("SIGSTOP");
    const calls = fates.map(({ name, begin }) => [name, begin(bed.client, name)] as const);
    if (isStopped) await bed.settled();
    else {
      await Promise.all(fates.map(({ name }) => first.untilLine(new RegExp(`^began ${name}$`))));
      await untilMarked();
    }
    await bed.add("second");
    const killedMs = performance.now();
    first.kill("SIGKILL");
    outcomes = new Map(await Promise.all(calls.map(async ([name, outcome]) => [name, await outcome] as const)));
    tookMs = performance.now() - killedMs;
  });
  afterAll(() => bed?.stop());

  test("at once", () => expect(tookMs).toBeLessThan(AT_ONCE_MS));

  test.each(fates)("$name: $expected", ({ name, expected }) => {
    const outcome = outcomes.get(name);
    if (outcome === undefined) throw new Error(`${name} has no outcome`);
    if (expected === "retried") {
      expect(outcome.code, outcome.details).toBe(grpc.status.OK);
      expect(outcome.messages).toMatchObject([{ instance: "second", attemptsBefore: 1 }]);
      return;
    }
    expect(outcome.code, outcome.details).toBe(grpc.status.UNAVAILABLE);
    expect(outcome.details).toContain(`the connection to instance first was lost, execution ${expected}`);
    expect(errorInfoOf(outcome)).toMatchObject({
      domain: "grpcrouter",
      reason: "INSTANCE_LOST",
      metadata: { execution: expected },
    });
  });
});

describe("kill -9 of an instance", () => {
  let bed: Bed | undefined;
  afterEach(() => bed?.stop());

  test("leaves calls that wait for it to the next one, if they are patient", async () => {
    bed = await Bed.start();
    const { client } = bed;
    const first = await bed.add("first", 1);
    const running = client.run(held("running"));
    await first.untilLine(/^began running$/);
    const waiting = [client.run({ name: "waiting" }, { metadata: patient() }), client.run({ name: "impatient" })];
    await bed.settled();
    await untilMarked();
    first.kill("SIGKILL");
    expect(errorInfoOf(await running)).toMatchObject({ reason: "INSTANCE_LOST", metadata: { execution: "started" } });
    const impatient = await waiting[1];
    expect(impatient?.code).toBe(grpc.status.UNAVAILABLE);
    expect(impatient && errorInfoOf(impatient)).toMatchObject({
      reason: "NO_INSTANCE",
      metadata: { execution: "none" },
    });
    await bed.add("second", 1);
    expect(await waiting[0]).toMatchObject({
      code: grpc.status.OK,
      messages: [{ instance: "second", attemptsBefore: 0 }],
    });
  });

  test("leaves calls that wait for room to those that have some", async () => {
    bed = await Bed.start();
    const { client } = bed;
    const instances = await Promise.all(["first", "second"].map((id) => bed?.add(id, 1)));
    const running = ["a", "b"].map((name) => client.run({ name, holdOn: ["first", "second"] }));
    for (const instance of instances) await instance?.untilLine(/^began [ab]$/);
    const waiting = client.run({ name: "waiting" });
    await bed.settled();
    instances[0]?.kill("SIGKILL");
    await Promise.race(running);
    instances[1]?.kill("SIGUSR2");
    expect(await waiting).toMatchObject({ code: grpc.status.OK, messages: [{ instance: "second" }] });
  });

  test("is not done to a third one by a call that took two down", async () => {
    bed = await Bed.start();
    const { client } = bed;
    const ids = ["first", "second", "third"];
    const instances = await Promise.all(ids.map((id) => bed?.add(id)));
    const left = new Set(instances.filter((instance) => instance !== undefined));
    const poison = client.repeat({ name: "poison", holdOn: ids });
    for (let deaths = 0; deaths < 2; deaths++) {
      const begun = [...left].map((instance) => instance.untilLine(/^began poison$/).then(() => instance));
      const victim = await Promise.race(begun);
      left.delete(victim);
      victim.kill("SIGKILL");
    }
    const outcome = await poison;
    expect(outcome.code).toBe(grpc.status.UNAVAILABLE);
    const info = errorInfoOf(outcome);
    expect(info?.reason).toBe("REQUEUE_LIMIT");
    // The mark that says more than "unknown" may die with the instance.
    expect(info?.metadata?.execution).toMatch(/^(started|unknown)$/);
    const [survivor] = left;
    expect(survivor?.output.filter((line) => line.startsWith("began"))).toEqual([]);
  });

  test("fails no idempotent call under load", async () => {
    bed = await Bed.start();
    const { client } = bed;
    const instances = await Promise.all(["first", "second", "third"].map((id) => bed?.add(id)));
    const codes = new Set<grpc.status>();
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      for (let count = 0; count < 300; count++) {
        if (caller === 0 && count === 100) instances[1]?.kill("SIGKILL");
        codes.add((await client.repeat({ name: "load" })).code);
      }
    });
    await Promise.all(callers);
    expect([...codes]).toEqual([grpc.status.OK]);
  });
});
