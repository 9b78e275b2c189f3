// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BreakerChange, type BreakerState, CircuitBreaker } from "./circuit-breaker.js";

const [ok, cancelled, invalidArgument, unavailable] = [0, 1, 3, 14];
const noJitter = () => 0;

/** A breaker that opens with the second failure, for 1 s. `atMs` is the time of what comes next. */
class Bench {
  readonly breaker = new CircuitBreaker({ consecutiveFailures: 2, penaltyMs: 1_000, maxPenaltyMs: 8_000 });
  atMs = 50_000;
  /** Tickets of a call of the first closed state, and of the present probe. */
  readonly early = this.breaker.onStart(this.atMs);
  probe = 0;

  start(): number {
    return this.breaker.onStart(this.atMs);
  }

  end(ticket: number, code: number): BreakerChange | undefined {
    return this.breaker.onEnd(ticket, code, this.atMs, noJitter);
  }

  get state(): BreakerState {
    return this.breaker.state(this.atMs);
  }

  get admits(): boolean {
    return this.breaker.admits(this.atMs);
  }
}

const states = {
  closed: () => new Bench(),
  "closed, one failure": () => {
    const bench = new Bench();
    bench.end(bench.start(), unavailable);
    return bench;
  },
  open: () => {
    const bench = states["closed, one failure"]();
    expect(bench.end(bench.start(), unavailable)).toBe("opened");
    return bench;
  },
  "half-open, free": () => {
    const bench = states.open();
    bench.atMs += 1_000;
    return bench;
  },
  "half-open, probing": () => {
    const bench = states["half-open, free"]();
    bench.probe = bench.start();
    return bench;
  },
};

/** Each event answers the change, or whether a call was the probe. */
const events = {
  "a call starts": (bench: Bench) => {
    const admitted = bench.admits;
    const ticket = bench.start();
    expect(bench.breaker.isProbe(ticket)).toBe(admitted && bench.state === "halfOpen");
    return undefined;
  },
  "a call of now ends with OK": (bench: Bench) => bench.end(bench.probe || bench.start(), ok),
  "a call of now ends with UNAVAILABLE": (bench: Bench) => bench.end(bench.probe || bench.start(), unavailable),
  "a call of now ends with INVALID_ARGUMENT": (bench: Bench) =>
    bench.end(bench.probe || bench.start(), invalidArgument),
  "a call of now ends with CANCELLED": (bench: Bench) => bench.end(bench.probe || bench.start(), cancelled),
  "an early call ends with OK": (bench: Bench) => bench.end(bench.early, ok),
  "an early call ends with UNAVAILABLE": (bench: Bench) => bench.end(bench.early, unavailable),
  "a call of now is abandoned": (bench: Bench) => bench.breaker.abandonProbe(bench.probe || bench.start()),
  "an early call is abandoned": (bench: Bench) => bench.breaker.abandonProbe(bench.early),
  "999 ms pass": (bench: Bench) => {
    bench.atMs += 999;
  },
  "1 s passes": (bench: Bench) => {
    bench.atMs += 1_000;
  },
  "8 s pass": (bench: Bench) => {
    bench.atMs += 8_000;
  },
};

type Outcome = readonly [change: BreakerChange | undefined, state: BreakerState, admits: boolean];
const stays = {
  closed: [undefined, "closed", true],
  open: [undefined, "open", false],
  free: [undefined, "halfOpen", true],
  probing: [undefined, "halfOpen", false],
} as const satisfies Record<string, Outcome>;
const opened: Outcome = ["opened", "open", false];
const reopened: Outcome = ["reopened", "open", false];
const closed: Outcome = ["closed", "closed", true];

/** In the order of `events`. */
const table: Record<keyof typeof states, readonly Outcome[]> = {
  closed: [
    ...[stays.closed, stays.closed, stays.closed, stays.closed, stays.closed],
    ...[stays.closed, stays.closed, stays.closed, stays.closed],
    ...[stays.closed, stays.closed, stays.closed],
  ],
  "closed, one failure": [
    ...[stays.closed, stays.closed, opened, stays.closed, stays.closed],
    ...[stays.closed, opened, stays.closed, stays.closed],
    ...[stays.closed, stays.closed, stays.closed],
  ],
  open: [
    ...[stays.open, stays.open, stays.open, stays.open, stays.open],
    ...[stays.open, stays.open, stays.open, stays.open],
    ...[stays.open, stays.free, stays.free],
  ],
  "half-open, free": [
    ...[stays.probing, closed, reopened, closed, stays.free],
    ...[stays.free, stays.free, stays.free, stays.free],
    ...[stays.free, stays.free, stays.free],
  ],
  "half-open, probing": [
    ...[stays.probing, closed, reopened, closed, stays.free],
    ...[stays.probing, stays.probing, stays.free, stays.probing],
    ...[stays.probing, stays.probing, stays.free],
  ],
};

const pairs = Object.entries(states).flatMap(([state, create]) =>
  Object.entries(events).map(([event, run], index) => ({
    state,
    event,
    create,
    run,
    expected: table[state as keyof typeof states][index],
  })),
);

describe("CircuitBreaker", () => {
  it.each(pairs)("$state: $event", ({ create, run, expected }) => {
    const bench = create();
    const change = run(bench);
    expect([change, bench.state, bench.admits]).toEqual(expected);
  });

  it("counts failures in a row: a success begins anew, CANCELLED says nothing", () => {
    const bench = states["closed, one failure"]();
    bench.end(bench.start(), ok);
    expect(bench.end(bench.start(), unavailable)).toBeUndefined();
    bench.end(bench.start(), cancelled);
    expect(bench.end(bench.start(), unavailable)).toBe("opened");
  });

  it("has the defaults of Linkerd where nothing is said: 7 failures, 1 s doubling to 60 s", () => {
    const breaker = new CircuitBreaker({});
    const fail = (atMs: number, random: number) => breaker.onEnd(breaker.onStart(atMs), 14, atMs, () => random);
    for (let count = 1; count < 7; count++) expect(fail(0, 0)).toBeUndefined();
    expect(fail(0, 0)).toBe("opened");
    const penaltiesMs = [];
    let nowMs = 0;
    for (let count = 0; count < 8; count++) {
      penaltiesMs.push(halfOpenMs(breaker, nowMs) - nowMs);
      nowMs = halfOpenMs(breaker, nowMs);
      expect(fail(nowMs, 0)).toBe("reopened");
    }
    expect(penaltiesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it.each([
    [0, 1_000],
    [0.5, 1_250],
    [0.999_999, 1_499.999_5],
  ])("adds a random share of the penalty up to the jitter: %d makes 1 s %d ms", (random, expected) => {
    const breaker = new CircuitBreaker({ consecutiveFailures: 1 });
    breaker.onEnd(breaker.onStart(0), 14, 0, () => random);
    expect(halfOpenMs(breaker, 0)).toBeCloseTo(expected, 9);
  });

  it("begins with the first penalty again once it was closed", () => {
    const bench = states["half-open, free"]();
    expect(bench.end(bench.start(), unavailable)).toBe("reopened");
    expect(halfOpenMs(bench.breaker, bench.atMs) - bench.atMs).toBe(2_000);
    bench.atMs = halfOpenMs(bench.breaker, bench.atMs);
    expect(bench.end(bench.start(), ok)).toBe("closed");
    bench.end(bench.start(), unavailable);
    expect(bench.end(bench.start(), unavailable)).toBe("opened");
    expect(halfOpenMs(bench.breaker, bench.atMs) - bench.atMs).toBe(1_000);
  });

  it("waits for a silent probe for the longest penalty; a late answer counts until another probe starts", () => {
    const bench = states["half-open, probing"]();
    bench.atMs += 8_000;
    expect(bench.admits).toBe(true);
    expect(bench.end(bench.probe, ok)).toBe("closed");

    const other = states["half-open, probing"]();
    other.atMs += 8_000;
    const second = other.start();
    expect(other.breaker.isProbe(second)).toBe(true);
    expect(other.end(other.probe, ok)).toBeUndefined();
    expect(other.end(second, unavailable)).toBe("reopened");
  });

  it("hears nothing of an abandoned probe, nor of one that failed, once another has started", () => {
    const bench = states["half-open, probing"]();
    bench.breaker.abandonProbe(bench.probe);
    const second = bench.start();
    expect(bench.end(bench.probe, unavailable)).toBeUndefined();
    expect(bench.end(second, unavailable)).toBe("reopened");
    bench.atMs = halfOpenMs(bench.breaker, bench.atMs);
    const third = bench.start();
    expect([bench.probe, second].map((ticket) => bench.end(ticket, ok))).toEqual([undefined, undefined]);
    expect(bench.end(third, ok)).toBe("closed");
    for (let count = 0; count < 5; count++) {
      expect([bench.early, bench.probe, second, third].map((ticket) => bench.end(ticket, unavailable))).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    }
    expect(bench.state).toBe("closed");
  });

  it("takes CANCELLED for a failure if that is said", () => {
    const breaker = new CircuitBreaker({ consecutiveFailures: 1, failureStatusCodes: [1] });
    expect(breaker.onEnd(breaker.onStart(0), 14, 0, noJitter)).toBeUndefined();
    expect(breaker.onEnd(breaker.onStart(0), 1, 0, noJitter)).toBe("opened");
  });

  it("opens for no code but UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE and DATA_LOSS, if none are said", () => {
    const opening = Array.from({ length: 17 }, (_, code) => code).filter((code) => {
      const breaker = new CircuitBreaker({ consecutiveFailures: 1, failureStatusCodes: [] });
      return breaker.onEnd(breaker.onStart(0), code, 0, noJitter) === "opened";
    });
    expect(opening).toEqual([2, 4, 13, 14, 15]);
  });
});

describe("CircuitBreaker with a failure rate", () => {
  const facts = { consecutiveFailures: 1_000, failureRate: 0.5, minCalls: 10, windowMs: 1_000 };

  function run(breaker: CircuitBreaker, codes: readonly number[], atMs: number): (BreakerChange | undefined)[] {
    return codes.map((code) => breaker.onEnd(breaker.onStart(atMs), code, atMs, noJitter));
  }

  it("opens at the rate, not below", () => {
    const breaker = new CircuitBreaker(facts);
    expect(run(breaker, [0, 0, 0, 0, 0, 0, 14, 14, 14, 14, 14], 0)).not.toContain("opened");
    expect(run(breaker, [14], 0)).toEqual(["opened"]);
  });

  it("says nothing below minCalls; the call that makes them may be a success", () => {
    const breaker = new CircuitBreaker(facts);
    expect(run(breaker, [14, 14, 14, 14, 14, 14, 14, 14, 14], 0)).not.toContain("opened");
    expect(run(breaker, [0], 0)).toEqual(["opened"]);
  });

  it("is exact where a product is not: 7 of 100 at 0.07", () => {
    const breaker = new CircuitBreaker({ ...facts, failureRate: 0.07, minCalls: 100 });
    run(breaker, [...new Array<number>(93).fill(0), 14, 14, 14, 14, 14, 14], 0);
    expect(run(breaker, [14], 0)).toEqual(["opened"]);
  });

  it("forgets what is older than the window, and all once it was closed", () => {
    const breaker = new CircuitBreaker(facts);
    run(breaker, [14, 14, 14, 14, 14, 14, 14, 14, 14], 0);
    expect(run(breaker, [14], 1_000)).toEqual([undefined]);
    expect(run(breaker, [14, 14, 14, 14, 14, 14, 14, 14, 14], 1_000)).toContain("opened");
    expect(run(breaker, [0], 2_000)).toEqual(["closed"]);
    expect(run(breaker, [14, 14, 14, 14, 14, 14, 14, 14, 14], 2_000)).not.toContain("opened");
  });
});

describe("CircuitBreaker under any schedule", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("start" as const) }),
    fc.record({
      kind: fc.constant("end" as const),
      which: fc.nat(30),
      code: fc.constantFrom(ok, cancelled, invalidArgument, unavailable, unavailable, unavailable),
    }),
    fc.record({ kind: fc.constant("abandon" as const), which: fc.nat(30) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(1_500) }),
  );

  it("admits no call while open, one at a time while half-open, and never blocks for good", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, random) => {
          const breaker = new CircuitBreaker({
            consecutiveFailures: 2,
            failureRate: 0.6,
            minCalls: 4,
            penaltyMs: 500,
            maxPenaltyMs: 4_000,
          });
          let nowMs = 0;
          /** Calls under way that the breaker admitted; the probe among them, and since when. */
          const open: number[] = [];
          let probe: { readonly ticket: number; readonly sinceMs: number } | undefined;
          const release = (ticket: number) => {
            if (ticket === probe?.ticket) probe = undefined;
          };
          for (const each of steps) {
            if (each.kind === "pass") nowMs += each.ms;
            else if (each.kind === "start") {
              const admitted = breaker.admits(nowMs);
              if (breaker.state(nowMs) === "open") expect(admitted).toBe(false);
              if (!admitted) continue;
              const ticket = breaker.onStart(nowMs);
              open.push(ticket);
              if (!breaker.isProbe(ticket)) continue;
              // Only one that was silent for the longest penalty is given up.
              if (probe !== undefined) expect(nowMs - probe.sinceMs).toBeGreaterThanOrEqual(4_000);
              probe = { ticket, sinceMs: nowMs };
            } else {
              const [ticket] = open.splice(each.which % (open.length || 1), 1);
              if (ticket === undefined) continue;
              const change = each.kind === "end" ? breaker.onEnd(ticket, each.code, nowMs, () => random) : undefined;
              if (each.kind === "abandon") breaker.abandonProbe(ticket);
              release(ticket);
              if (change === "closed") expect(breaker.state(nowMs)).toBe("closed");
              if (change === "opened" || change === "reopened") {
                expect(breaker.state(nowMs + 499.999)).toBe("open");
                expect(breaker.state(nowMs + 4_000)).toBe("halfOpen");
              }
            }
          }
          expect(breaker.admits(nowMs + 4_000)).toBe(true);
        },
      ),
    );
  });
});

/** When a breaker that is open at `openMs` lets a call try, as its states tell: to the last bit of a double. */
function halfOpenMs(breaker: CircuitBreaker, openMs: number): number {
  expect(breaker.state(openMs)).toBe("open");
  let [low, high] = [openMs, openMs + 100_000];
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (breaker.state(middle) === "open") low = middle;
    else high = middle;
  }
  expect([breaker.state(high), breaker.admits(low), breaker.admits(high)]).toEqual(["halfOpen", false, true]);
  return high;
}
