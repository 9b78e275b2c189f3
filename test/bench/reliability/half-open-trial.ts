// SPDX-License-Identifier: Apache-2.0
import { createBridge } from "@grpc-router/bridge";
import { createRouter } from "@grpc-router/runtime";
import {
  createDuplex,
  createFakeScheduler,
  createSeededRandom,
  createTestClient,
  type Duplex,
  type FakeScheduler,
} from "@grpc-router/testing";
import { echoServiceBridge } from "../gen/bench/v1/echo_bridge.ts";
import { echoServiceRouter } from "../gen/bench/v1/echo_router.ts";
import { benchPath } from "../load/load.ts";

/** Milliseconds from the cut until each end had given its channel up. */
export interface HalfOpenTrial {
  readonly routerMs: number;
  readonly bridgeMs: number;
}

/** A call that nobody answers, so that it is open when the connection falls silent. */
const request = new Uint8Array([0x0a, 0x01, 0x78]);
/** A look at both ends, in virtual milliseconds: how exact the result is. */
const stepMs = 25;
/** Beyond every rule. */
const giveUpMs = 60_000;

/** A router and a bridge on virtual time, with the connection cut in both directions at a random phase of the heartbeats. */
export async function tryHalfOpen(seed: number, withCall: boolean): Promise<HalfOpenTrial> {
  const random = createSeededRandom(seed);
  const scheduler = createFakeScheduler({ startMs: 1_000 + random.random() * 1_000 });
  const ends = open(scheduler, random);
  await scheduler.advanceSettled(100);
  if (withCall) {
    // The phase at which the call begins counts as much as the one of the cut.
    await scheduler.advanceSettled(random.random() * 20_000);
    ends.call();
    await scheduler.advanceSettled(5);
  }
  // Long enough for any phase, of silence and of pings.
  await scheduler.advanceSettled(random.random() * 30_000);
  if (!ends.routerHas() || ends.bridgeLost()) throw new Error(`Cannot measure: the channel of seed ${seed} must stand`);
  ends.duplex.cut();
  const cutMs = scheduler.nowMs();
  let routerMs = Number.NaN;
  let bridgeMs = Number.NaN;
  while ((Number.isNaN(routerMs) || Number.isNaN(bridgeMs)) && scheduler.nowMs() - cutMs < giveUpMs) {
    await scheduler.advanceSettled(stepMs);
    if (Number.isNaN(routerMs) && !ends.routerHas()) routerMs = scheduler.nowMs() - cutMs;
    if (Number.isNaN(bridgeMs) && ends.bridgeLost()) bridgeMs = scheduler.nowMs() - cutMs;
  }
  ends.close();
  return { routerMs, bridgeMs };
}

interface Ends {
  readonly duplex: Duplex;
  routerHas(): boolean;
  bridgeLost(): boolean;
  call(): void;
  close(): void;
}

function open(scheduler: FakeScheduler, random: ReturnType<typeof createSeededRandom>): Ends {
  let isLost = false;
  const silent = { log: () => {} };
  const common = { scheduler, random: random.random, randomBytes: random.randomBytes };
  const core = createRouter()
    .service(echoServiceRouter)
    .open({ ...common, logger: silent });
  const duplex = createDuplex(scheduler, { latencyMs: 1 });
  let isDialled = false;
  const never = new Promise<never>(() => {});
  const bridge = createBridge({ id: "half-open" })
    .service(echoServiceBridge, { echo: () => never })
    .open({
      ...common,
      logger: {
        log: (_level, event) => {
          if (event === "registration_lost" || event === "unreachable") isLost = true;
        },
      },
      incarnation: 1,
      url: "http://router.test",
      dial: (events) => {
        if (isDialled) return { cancel: () => {} };
        isDialled = true;
        const timer = scheduler.after(0, () => {
          duplex.left.deliverTo(events.connected(duplex.left));
          duplex.right.deliverTo(core.accept(duplex.right));
        });
        return timer;
      },
    });
  const clientLink = createDuplex(scheduler, { latencyMs: 1 });
  clientLink.right.deliverTo(core.accept(clientLink.right));
  const client = createTestClient(clientLink.left, scheduler);
  return {
    duplex,
    routerHas: () => core.instances().length > 0,
    bridgeLost: () => isLost,
    call: () => void client.unary(benchPath, request),
    close: () => {
      bridge.close();
      core.close();
    },
  };
}
