// SPDX-License-Identifier: Apache-2.0
import {
  type Logger,
  type Reason,
  replaceMetadata,
  START_METADATA_NUMBER,
  StatusCode,
  stackOf,
} from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";
import type {
  AttemptFollower,
  CallFollower,
  CallSkip,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
} from "./call-watcher.js";
import { type HeadSource, WatchedHead } from "./watched-head.js";

/** The instance of an attempt. */
export interface AttemptTarget {
  readonly instanceId: string;
  readonly address: string;
}

/** What there is of a call whose path leads nowhere. */
export interface RefusedHead extends Pick<HeadSource, "rest" | "restEnd" | "previousAttempts"> {
  readonly path: string;
  readonly hasTraceContext: boolean;
  readonly client: HeadSource["client"];
}

/** Of watchers that want to see every call. */
const showAll: CallSkip = { calls: 0 };

/** The watchers of a router, and what they make of a call that comes. */
export class Watchers {
  /** Who watches; read for each call, so an empty list costs a look. */
  readonly list: CallWatcher[] = [];
  readonly #logger: Logger;
  readonly #head = new WatchedHead();
  /** That of the only watcher. */
  #skip: CallSkip = showAll;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `watcher` sees the calls to come, until what this answers is called. */
  add(watcher: CallWatcher): () => void {
    this.list.push(watcher);
    this.#findSkip();
    return () => {
      const at = this.list.indexOf(watcher);
      if (at >= 0) this.list.splice(at, 1);
      this.#findSkip();
    };
  }

  #findSkip(): void {
    const [first, ...others] = this.list;
    this.#skip = (others.length === 0 ? first?.skip : undefined) ?? showAll;
  }

  /** The head of `call` is there. */
  begin(call: CallRecord, hasTraceContext: boolean): void {
    if (this.#skip.calls > 0 && !hasTraceContext) this.#skip.calls--;
    else call.following = this.#follow(call, hasTraceContext);
  }

  /** A call whose path leads nowhere has come and gone. */
  refused(head: RefusedHead, nowMs: number): void {
    const { path, client, rest, restEnd, previousAttempts, hasTraceContext } = head;
    const route = { path, service: { name: "" } };
    const source = { route, client, openedMs: nowMs, previousAttempts, rest, restEnd };
    const following = this.#follow(source, hasTraceContext);
    const reason: Reason = "METHOD_UNKNOWN";
    const nothing = { instance: undefined, attempts: 0, requestBytes: 0, replyBytes: 0 };
    following?.ended({ code: StatusCode.unimplemented, reason, nowMs, ...nothing });
  }

  #follow(head: HeadSource, hasTraceContext: boolean): Following | undefined {
    let followers: CallFollower[] | undefined;
    this.#head.show(head, hasTraceContext);
    for (const watcher of this.list) {
      try {
        const follower = watcher.watch(this.#head);
        if (follower !== undefined) {
          followers ??= [];
          followers.push(follower);
        }
      } catch (error) {
        this.failed(error);
      }
    }
    this.#head.show(undefined, false);
    return followers && new Following(this, followers);
  }

  /** A watcher has thrown, which must not harm the call. */
  failed(error: unknown): void {
    this.#logger.log("error", "watcher_failed", `A watcher of calls threw: ${stackOf(error)}`);
  }
}

const nobody: readonly CallFollower[] = [];

/** What all records of a call share. */
interface Story {
  /** Attempts that instances were sent. */
  attempts: number;
}

/** Those who follow one call, and its attempt on one record. Only calls that somebody follows have one. */
export class Following {
  readonly #watchers: Watchers;
  readonly #story: Story;
  #followers: readonly CallFollower[];
  #attempt: readonly AttemptFollower[] | undefined = undefined;
  /** The instance of that attempt. */
  #instance: string | undefined = undefined;
  /** The Start, with what followers put into it; undefined: they put nothing. */
  #start: Uint8Array | undefined = undefined;

  constructor(watchers: Watchers, followers: readonly CallFollower[], story: Story = { attempts: 0 }) {
    this.#watchers = watchers;
    this.#followers = followers;
    this.#story = story;
  }

  /** For another attempt of the same call, whose end is told by this one. */
  fork(): Following {
    return new Following(this.#watchers, this.#followers.map(attemptsOnly), this.#story);
  }

  /** The call's end is told by `heir` from now on; what is here goes on to follow its attempt. */
  handOver(heir: Following | undefined): Following {
    const next = heir ?? new Following(this.#watchers, this.#followers, this.#story);
    next.#followers = this.#followers;
    this.#followers = this.#followers.map(attemptsOnly);
    return next;
  }

  queued(nowMs: number): void {
    for (const follower of this.#followers) {
      try {
        follower.queued?.(nowMs);
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
  }

  /**
   * The attempt of `call` is about to be sent to `target`, in this frame or another one. Answers the encoded Start for it;
   * undefined: that of the call.
   */
  startOf(call: CallRecord, { instanceId, address }: AttemptTarget, nowMs: number): Uint8Array | undefined {
    if (this.#attempt !== undefined && this.#instance === instanceId) return this.#start;
    this.#story.attempts++;
    const about: FollowedAttempt = { instance: instanceId, address, attempt: call.attempt, nowMs };
    const attempt: AttemptFollower[] = [];
    for (const follower of this.#followers) {
      try {
        const own = follower.attempt?.(about);
        if (own !== undefined) attempt.push(own);
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
    this.#attempt = attempt;
    this.#instance = instanceId;
    try {
      this.#start = this.#writeStart(call, attempt);
    } catch (error) {
      this.#watchers.failed(error);
    }
    return this.#start;
  }

  /** The attempt was not sent: there was no room. */
  unsent(nowMs: number): void {
    if (this.#attempt === undefined) return;
    this.#story.attempts--;
    this.attemptEnded(StatusCode.unavailable, nowMs);
  }

  /** A piece of a request message, `bytes[start, end)` with `left` octets to come, is with the instance. */
  request(bytes: Uint8Array, start: number, end: number, left: number, compressed: boolean): void {
    for (const follower of this.#followers) {
      // Access logs and traces follow every call, and hear no messages.
      if (follower.request === undefined) continue;
      try {
        follower.request({ bytes, start, end, left, compressed });
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
  }

  /** The same of a reply message, which goes to the client. */
  reply(bytes: Uint8Array, start: number, end: number, left: number, compressed: boolean): void {
    for (const follower of this.#followers) {
      if (follower.reply === undefined) continue;
      try {
        follower.reply({ bytes, start, end, left, compressed });
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
  }

  /** The attempt has ended; a second end counts as none. */
  attemptEnded(code: number, nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    this.#start = undefined;
    for (const follower of attempt) {
      try {
        follower.ended(code, nowMs);
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
  }

  /** Attempts of the call that instances were sent. */
  get attempts(): number {
    return this.#story.attempts;
  }

  /** The call has ended for its client; a second end counts as none. */
  ended(end: FollowedEnd): void {
    const followers = this.#followers;
    this.#followers = nobody;
    for (const follower of followers) {
      try {
        follower.ended?.(end);
      } catch (error) {
        this.#watchers.failed(error);
      }
    }
  }

  #writeStart(call: CallRecord, attempt: readonly AttemptFollower[]): Uint8Array | undefined {
    const [first] = attempt;
    const fields = attempt.length === 1 ? (first?.metadata ?? []) : attempt.flatMap(({ metadata }) => metadata ?? []);
    if (fields.length === 0) return undefined;
    for (const [name, value] of fields) {
      if (printable.test(name) && printable.test(value)) continue;
      this.#watchers.failed(new TypeError(`Cannot add metadata to an attempt: ${name} and its value must be ASCII`));
      return undefined;
    }
    // An instance takes no more than so much, and the call matters more than who follows it.
    return replaceMetadata(call.rest, call.restEnd, START_METADATA_NUMBER, fields);
  }
}

/** What a field of metadata may hold (docs/channel.md section 4). */
const printable = /^[ -~]*$/;

/** Attempts that race are followed by all, but the call's end is told once. */
function attemptsOnly(follower: CallFollower): CallFollower {
  return { attempt: (attempt) => follower.attempt?.(attempt) };
}
