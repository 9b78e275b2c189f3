// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "@grpc-router/testing";
import { type Method, methods } from "../ledger/records.ts";
import type { CallOrder } from "../processes/command.ts";
import { clientNames, type Fleet, type InstanceProcess } from "../rig/fleet.ts";
import type { Scene } from "../scenario.ts";

/** What a fault strikes. */
export type Struck = "router" | "instance";

/** A moment in a call's life, and how to bring calls there. */
export interface Phase {
  readonly name: "queued" | "sent" | "running" | "replying" | "half-sent" | "ending";
  /** For the table: "calls …". */
  readonly words: string;
  /** Calls that an instance takes at once. */
  readonly capacity?: number;
  /** Begins calls of both clients and resolves, by what the processes say, when they are there. */
  prepare(scene: Scene, struck: Struck, victim: InstanceProcess): Promise<Prepared>;
}

/** Calls in their phase. */
export interface Prepared {
  readonly calls: readonly string[];
  /** Lets the calls go on, once the fault has struck. */
  goOn(): void;
}

const streaming = (part: RegExp) => methods.filter((method) => part.test(method));
const repliesInStreams = streaming(/^(ServerStream|Bidi)/);
const sendsInStreams = streaming(/^(ClientStream|Bidi)/);
/** Calls of a kind that each client makes: enough for every instance to get some. */
const copies = 2;
const slots = 2;
/** Bytes of messages: empty, small, a whole frame, two, and more than the router keeps. */
const sizes = [0, 100, 16_000, 20_000, 100_000] as const;
/** Of the four messages of a streaming request. */
const half = 2;

/** All phases; the name of a scenario ends with one. */
export const phases: readonly Phase[] = [
  {
    name: "queued",
    words: "calls wait at the router for a slot",
    capacity: slots,
    async prepare({ fleet, random }) {
      const fillers = Array.from({ length: slots * fleet.instances.size }, () =>
        fleet.call("node", { method: "Unary", hold: "running" }),
      );
      await fleet.journal.untilEach("runs", fillers, isRun("begin"));
      const calls = begin(fleet, random, methods, {});
      await fleet.settled();
      return { calls, goOn: () => fleet.release() };
    },
  },
  {
    name: "sent",
    words: "calls are on the wire to a process that has not read them",
    async prepare({ fleet, random }, struck, victim) {
      const stopped = struck === "instance" ? [victim] : [...fleet.instances.values()];
      for (const instance of stopped) fleet.signal(instance, "SIGSTOP");
      const calls = begin(fleet, random, methods, {});
      await fleet.settled();
      return {
        calls,
        goOn() {
          for (const instance of stopped) if (instance.isStopped) fleet.signal(instance, "SIGCONT");
          fleet.release();
        },
      };
    },
  },
  {
    name: "running",
    words: "user code runs",
    async prepare({ fleet, random }) {
      const calls = begin(fleet, random, methods, { hold: "running" });
      await fleet.journal.untilEach("runs", calls, isRun("in"));
      return { calls, goOn: () => fleet.release() };
    },
  },
  {
    name: "replying",
    words: "a reply has begun to stream",
    async prepare({ fleet, random }) {
      const calls = begin(fleet, random, repliesInStreams, { hold: "replying" });
      await fleet.journal.untilEach("has a reply", calls, (entry) => entry.event === "in" && isClient(entry.by));
      return { calls, goOn: () => fleet.release() };
    },
  },
  {
    name: "half-sent",
    words: "half of a request has been sent and read",
    async prepare({ fleet, random }) {
      const calls = begin(fleet, random, sendsInStreams, { pauseAfter: half });
      await fleet.journal.untilEach("is half read", calls, isRun("in"), half);
      return {
        calls,
        goOn() {
          fleet.release();
          fleet.go(calls);
        },
      };
    },
  },
  {
    name: "ending",
    words: "user code returns",
    async prepare({ fleet, random }) {
      const calls = begin(fleet, random, methods, { hold: "ending" });
      // What it writes last before it is held; a ServerStream writes four.
      await fleet.journal.untilEach("is at its end", calls, isRun("out"));
      return { calls, goOn: () => fleet.release() };
    },
  },
];

function begin(fleet: Fleet, random: SeededRandom, kinds: readonly Method[], order: Partial<CallOrder>): string[] {
  const drawSize = () => sizes[random.integer(sizes.length)] ?? 0;
  const clients = clientNames.filter((name) => fleet.clients.has(name));
  return clients.flatMap((client) =>
    kinds.flatMap((method) =>
      Array.from({ length: copies }, () =>
        fleet.call(client, { method, bytes: drawSize(), replyBytes: drawSize(), ...order }),
      ),
    ),
  );
}

function isClient(name: string): boolean {
  return /^(node|go)\b/.test(name);
}

function isRun(event: "begin" | "in" | "out") {
  return (entry: { readonly event: string; readonly by: string }) => entry.event === event && !isClient(entry.by);
}
