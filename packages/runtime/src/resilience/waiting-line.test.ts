// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { maxPassedOver } from "../limits.js";
import { Priority, priorities } from "./priority.js";
import { entryOf, type NamedEntry } from "./waiting-entry.suite.js";
import { WaitingLine } from "./waiting-line.js";
import { WaitingQueue } from "./waiting-queue.js";
import { WaitingRoom } from "./waiting-room.js";

const { low, normal, high } = Priority;

/** A service with a queue for each of `classes`, as methods have them. */
class Scene {
  readonly gone: string[] = [];
  readonly room: WaitingRoom<NamedEntry>;
  readonly queues: WaitingQueue<NamedEntry>[];
  readonly line = new WaitingLine<NamedEntry>();

  constructor(classes: readonly Priority[], maxCount = 1_000, maxBytes = 1_000_000) {
    const { gone } = this;
    const onDisplaced = ({ name }: NamedEntry) => void gone.push(`displaced ${name}`);
    this.room = new WaitingRoom({ maxCount, maxBytes, nowMs: () => 0, onDisplaced });
    const onExpired = ({ name }: NamedEntry) => void gone.push(`expired ${name}`);
    this.queues = classes.map((priority) => new WaitingQueue({ room: this.room, priority, onExpired }));
  }

  offer(method: number, entry: NamedEntry, sizeBytes = 1): boolean {
    const queue = this.queues[method] as WaitingQueue<NamedEntry>;
    this.line.add(queue);
    return queue.offer(entry, sizeBytes);
  }

  /** Serves up to `room` entries of the methods that `canGo`. */
  serve(nowMs: number, room = Number.POSITIVE_INFINITY, canGo: (method: number) => boolean = () => true): string[] {
    const served: string[] = [];
    this.line.serve(nowMs, (entry) => {
      const method = this.queues.indexOf(entry.waitingIn as WaitingQueue<NamedEntry>);
      if (served.length >= room || !canGo(method)) return false;
      expect(entry.waitingIn?.remove(entry)).toBe(true);
      served.push(entry.name);
      return true;
    });
    return served;
  }
}

describe("WaitingLine", () => {
  it("serve() goes by class, then deadline, then arrival, over all methods", () => {
    const scene = new Scene([normal, high, low, normal]);
    scene.offer(0, entryOf("n late", 90));
    scene.offer(2, entryOf("l", 10));
    scene.offer(3, entryOf("n soon", 20));
    scene.offer(1, entryOf("h never"));
    scene.offer(3, entryOf("n late too", 90));
    scene.offer(1, entryOf("h", 99));
    expect(scene.serve(0)).toEqual(["h", "h never", "n soon", "n late", "n late too", "l"]);
  });

  it("serve() looks at each method once, where none of a thousand can be served", () => {
    const scene = new Scene(Array.from({ length: 1_000 }, () => normal));
    let looks = 0;
    for (const [method, queue] of scene.queues.entries()) {
      scene.offer(method, entryOf(String(method)));
      const peek = queue.peek.bind(queue);
      queue.peek = (nowMs) => {
        looks++;
        return peek(nowMs);
      };
    }
    const asked: string[] = [];
    scene.line.serve(0, ({ name }) => {
      asked.push(name);
      return false;
    });
    expect(asked).toEqual(scene.queues.map((_, method) => String(method)));
    expect(looks).toBe(1_000);
  });

  it("a method that no instance can take holds up no other", () => {
    const scene = new Scene([high, low]);
    scene.offer(0, entryOf("h"));
    scene.offer(1, entryOf("l1"));
    scene.offer(1, entryOf("l2"));
    expect(scene.serve(0, 9, (method) => method === 1)).toEqual(["l1", "l2"]);
    expect(scene.serve(0)).toEqual(["h"]);
  });

  it(`a class that was passed over ${maxPassedOver} times goes first once`, () => {
    const scene = new Scene([high, normal, low]);
    for (let count = 0; count < 100; count++) {
      scene.offer(0, entryOf(`h${count}`));
      scene.offer(1, entryOf(`n${count}`));
      scene.offer(2, entryOf(`l${count}`));
    }
    const served = scene.serve(0, 36).map((name) => name.charAt(0));
    expect(served.join("")).toBe(`${"h".repeat(16)}ln${"h".repeat(15)}lhn`);
  });

  it("a class that no instance can take keeps its turn until one can", () => {
    const scene = new Scene([high, low]);
    for (let count = 0; count < 100; count++) scene.offer(0, entryOf(`h${count}`));
    scene.offer(1, entryOf("l"));
    expect(scene.serve(0, 50, (method) => method === 0)).toHaveLength(50);
    expect(scene.serve(0, 2)).toEqual(["l", "h50"]);
  });

  it("behaves as a list that is sorted anew for every turn, under random use", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createSeededRandom(seed);
      const classes = Array.from({ length: 1 + random.integer(5) }, () => priorities[random.integer(3)] ?? normal);
      const scene = new Scene(classes, 40, 4_000);
      const oracle = new Oracle(classes, 40, 4_000);
      const entries = new Map<string, NamedEntry>();
      let nowMs = 0;
      for (let step = 0; step < 1_500; step++) {
        const label = `seed ${seed}, step ${step}`;
        nowMs += random.integer(3);
        const kind = random.integer(10);
        const sizeBytes = random.integer(300);
        const name = oracle.waiting[random.integer(oracle.waiting.length)]?.name;
        if (kind < 5) {
          const method = random.integer(classes.length);
          const deadlineMs = random.integer(4) === 0 ? Number.POSITIVE_INFINITY : nowMs + random.integer(300);
          const added = entryOf(`e${step}`, deadlineMs);
          entries.set(added.name, added);
          const expected = oracle.offer({ name: added.name, deadlineMs, method, sizeBytes });
          expect(scene.offer(method, added, sizeBytes), label).toBe(expected);
        } else if (kind < 8 && name !== undefined) {
          const entry = entries.get(name) as NamedEntry;
          const queue = entry.waitingIn as WaitingQueue<NamedEntry>;
          if (kind < 7) expect(queue.resize(entry, sizeBytes), label).toBe(oracle.resize(name, sizeBytes));
          else {
            oracle.drop([name]);
            expect(queue.remove(entry), label).toBe(true);
          }
        } else {
          const room = random.integer(6);
          const open = new Set([...classes.keys()].filter(() => random.integer(3) > 0));
          const canGo = (method: number) => open.has(method);
          expect(scene.serve(nowMs, room, canGo), label).toEqual(oracle.serve(nowMs, room, canGo));
          expect(scene.gone.splice(0).sort(), label).toEqual(oracle.gone.splice(0).sort());
        }
        expect(scene.gone, label).toEqual(oracle.gone);
        expect([scene.room.count, scene.room.bytes], label).toEqual([oracle.waiting.length, oracle.bytes]);
      }
    }
  });
});

interface Listed {
  readonly name: string;
  readonly deadlineMs: number;
  readonly method: number;
  readonly sizeBytes: number;
}

/** The same rules on one list in order of arrival, as simply as they can be said. */
class Oracle {
  readonly gone: string[] = [];
  waiting: Listed[] = [];
  readonly #classes: readonly Priority[];
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #passedOver = [0, 0, 0];

  constructor(classes: readonly Priority[], maxCount: number, maxBytes: number) {
    this.#classes = classes;
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  offer(added: Listed): boolean {
    return this.#change([...this.waiting, added], added);
  }

  resize(name: string, sizeBytes: number): boolean {
    const resized = this.waiting.map((one) => (one.name === name ? { ...one, sizeBytes } : one));
    return this.#change(resized, resized.find((one) => one.name === name) as Listed);
  }

  drop(names: readonly string[]): void {
    this.waiting = this.waiting.filter(({ name }) => !names.includes(name));
  }

  serve(nowMs: number, room: number, canGo: (method: number) => boolean): string[] {
    const expired = this.waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs).map(({ name }) => name);
    this.gone.push(...expired.map((name) => `expired ${name}`));
    this.drop(expired);
    const served: string[] = [];
    for (;;) {
      const heads = priorities.map((priority) => this.#first(priority, canGo));
      const waits = priorities.map((priority) => this.waiting.some((one) => this.#classOf(one) === priority));
      for (const priority of priorities) if (!waits[priority]) this.#passedOver[priority] = 0;
      const due = heads.find((head, priority) => head && (this.#passedOver[priority] as number) >= maxPassedOver);
      const next = due ?? heads.findLast((head) => head !== undefined);
      if (next === undefined || served.length === room) return served;
      served.push(next.name);
      this.drop([next.name]);
      const priority = this.#classOf(next);
      this.#passedOver = this.#passedOver.map((count, lower) => (lower < priority && waits[lower] ? count + 1 : count));
      this.#passedOver[priority] = 0;
    }
  }

  #classOf({ method }: Listed): Priority {
    return this.#classes[method] as Priority;
  }

  #first(priority: Priority, canGo: (method: number) => boolean): Listed | undefined {
    const those = this.waiting.filter((one) => this.#classOf(one) === priority && canGo(one.method));
    return those.sort((one, other) => compare(one.deadlineMs, other.deadlineMs))[0];
  }

  /** Lets `changed` count if lower classes can make room for it. */
  #change(changed: Listed[], cause: Listed): boolean {
    const kept = new Oracle(this.#classes, this.#maxCount, this.#maxBytes);
    kept.waiting = changed;
    const lower = changed.filter((one) => this.#classOf(one) < this.#classOf(cause));
    // The first to give way: the lowest class, the latest deadline, the latest arrival.
    const victims = lower
      .reverse()
      .sort((one, other) => this.#classOf(one) - this.#classOf(other) || compare(other.deadlineMs, one.deadlineMs));
    const displaced: string[] = [];
    while (kept.waiting.length > this.#maxCount || kept.bytes > this.#maxBytes) {
      const victim = victims.shift();
      if (victim === undefined) return false;
      kept.drop([victim.name]);
      displaced.push(victim.name);
    }
    this.waiting = kept.waiting;
    this.gone.push(...displaced.map((name) => `displaced ${name}`));
    return true;
  }
}

/** Array.sort is stable: arrival decides between equals. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
