// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { StatusCode } from "@grpc-router/protocol";
import type { TestCall } from "../test-call.js";
import type { TestClient } from "../test-client.js";
import type { CallPlan } from "./call-plan.js";
import { judgeOutcome, type Outcome } from "./judge-outcome.js";
import { shardName, shardOf } from "./policy-plan.js";
import {
  compress,
  headerName,
  inflate,
  isCompressed,
  readContent,
  type SimContent,
  trailerName,
  unwrapContent,
  wrapContent,
  wrapRequest,
  writeContent,
} from "./sim-content.js";
import type { SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import { simPath } from "./sim-service.js";
import type { World } from "./world.js";

/** How late a status may be where nothing is in its way: timers in steps of 16 ms, two links, one turn each. */
const deadlineBoundMs = 500;
/** As much again where a link carries 500 bytes a millisecond at worst and has many calls to carry. */
const narrowBoundMs = 15_000;

/** More than any reply has. */
const maxReplyBytes = 8_388_608;

/** One call as its caller sees it: sends as planned, checks everything that comes back. */
export class SimCall {
  readonly plan: CallPlan;
  /** How it ended; undefined while it runs. */
  outcome: Outcome | undefined;
  /** Which run of user code its replies come from; 0: none so far. */
  execution = 0;
  received = 0;
  sent = 0;
  isCancelled = false;
  link: SimLink | undefined;
  readonly #world: World;
  readonly #process: SimProcess;
  #call: TestCall | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #isStalled = false;
  /** When it last began to read again. */
  #readsSinceMs = 0;

  constructor(world: World, plan: CallPlan, process: SimProcess) {
    this.#world = world;
    this.plan = plan;
    this.#process = process;
  }

  /** Its request must have come to the router, and it is on no instance. */
  get isAtRouter(): boolean {
    const { link } = this;
    const call = this.#call;
    if (call === undefined || link === undefined || link.isOver || this.outcome !== undefined) return false;
    if (this.isCancelled || this.#isStalled || this.sent < this.plan.requests.length || call.queuedBytes > 0)
      return false;
    const areUp = link.right.state === "running" && this.#process.state === "running";
    if (!areUp || link.troubledUntilMs > this.#world.nowMs) return false;
    const last = this.#world.ledger.last.get(this.plan.index);
    return last === undefined || last.isGivenBack;
  }

  /** When its time is over at the router, if nothing holds up its head. */
  get routerDeadlineMs(): number {
    return this.#deadlineMs + (this.link?.latencyMs ?? 0);
  }

  /** Bytes of replies that have come. */
  get receivedBytes(): number {
    const call = this.#call;
    if (call === undefined) return 0;
    return call.messages.reduce((sum, { bytes }) => sum + bytes.length, call.restBytes);
  }

  /** Goes out on a connection; `onChange` asks to look at it. */
  start(client: TestClient, link: SimLink, onChange: () => void): void {
    const { plan } = this;
    const world = this.#world;
    this.link = link;
    const metadata: [string, string][] = [["x-key", String(plan.index)]];
    if (world.scenario.policies !== undefined) metadata.push([shardName, String(shardOf(plan))]);
    if (plan.waitForReady) metadata.push(["x-grpc-router-wait-for-ready", "true"]);
    if (plan.gzip !== "no") metadata.push(["grpc-encoding", "gzip"]);
    if (plan.acceptsGzip) metadata.push(["grpc-accept-encoding", "identity,gzip"]);
    const timeout = plan.timeoutMs === 0 ? {} : { timeout: `${plan.timeoutMs}m` };
    world.note(this.#process.name, `starts ${this.label} on ${link.name}, timeout ${plan.timeoutMs} ms`);
    this.#call = client.start(simPath(plan.method), { metadata, contentType: contentTypeOf(plan), ...timeout });
    const after = (ms: number, task: () => void): void => {
      this.#process.after(ms, () => {
        if (this.outcome === undefined) task();
        onChange();
      });
    };
    this.#send(after);
    if (plan.cancelAfterMs >= 0) after(plan.cancelAfterMs, () => this.#cancel());
    if (plan.stallMs > 0) {
      after(plan.stallAfterMs, () => this.#setReading(false));
      after(plan.stallAfterMs + plan.stallMs, () => this.#setReading(true));
    }
    if (plan.timeoutMs > 0) {
      this.#deadlineMs = world.nowMs + plan.timeoutMs;
      after(plan.timeoutMs + deadlineBoundMs, () => this.#checkDeadline(after));
    }
  }

  /** Looks at what has come. True: the call is over. */
  look(): boolean {
    const call = this.#call;
    if (call === undefined || this.outcome !== undefined) return this.outcome !== undefined;
    for (; this.received < call.messages.length; this.received++) this.#check(call, call.messages[this.received]);
    if (!call.closed) return false;
    this.#end(call);
    return true;
  }

  /** Nothing is held up any more. */
  finish(): void {
    if (this.#isStalled) this.#setReading(true);
  }

  /** For the trace and for failures. */
  get label(): string {
    return `c${this.plan.index} (${this.plan.method.name})`;
  }

  #send(after: (ms: number, task: () => void) => void): void {
    const { requests, method, index, requestGapMs, gzip } = this.plan;
    const size = requests[this.sent];
    if (size === undefined) {
      if (requests.length === 0) this.#call?.halfClose();
      return;
    }
    const content = { call: index, sequence: this.sent++, execution: 0 };
    const halfClose = this.sent === requests.length;
    const filled = writeContent(content, size);
    const message =
      this.#world.scenario.policies === undefined ? wrapContent(filled) : wrapRequest(filled, shardOf(this.plan));
    const compressed = gzip !== "no" && isCompressed(content.sequence);
    this.#call?.send(compressed ? compress(message, gzip) : message, {
      compressed,
      halfClose: halfClose && (!method.clientStreams || requestGapMs === 0),
    });
    if (halfClose && method.clientStreams && requestGapMs > 0) after(requestGapMs, () => this.#call?.halfClose());
    if (halfClose) return;
    if (requestGapMs === 0) this.#send(after);
    else after(requestGapMs, () => this.#send(after));
  }

  #cancel(): void {
    this.#world.note(this.#process.name, `cancels ${this.label}`);
    this.isCancelled = true;
    this.#call?.cancel();
  }

  #setReading(reading: boolean): void {
    this.#isStalled = !reading;
    this.#readsSinceMs = this.#world.nowMs;
    this.#world.note(this.#process.name, `${this.label} ${reading ? "reads again" : "stops reading"}`);
    this.#call?.setReading(reading);
  }

  /** A reply must be the next one of one run of user code, and the router must have read it while the call was there. */
  #check(call: TestCall, reply: TestCall["messages"][number] | undefined): void {
    const world = this.#world;
    if (world.ledger.tainted.has(this.plan.index)) return;
    if (reply?.compressed && !(this.plan.acceptsGzip && call.headValues("grpc-encoding")[0] === "gzip")) {
      world.violate("content", `${this.label} got a compressed reply, and nobody has agreed on gzip`);
      return;
    }
    const content = contentOf(reply);
    if (content === undefined || content.call !== this.plan.index || content.sequence !== this.received) {
      world.violate("content", `${this.label} got ${JSON.stringify(content)} as reply ${this.received}`);
      return;
    }
    if (this.execution === 0) this.execution = content.execution;
    if (this.execution !== content.execution) {
      world.violate("success", `${this.label} got replies of executions ${this.execution} and ${content.execution}`);
    }
    const tapped = world.ledger.tapped.get(content.execution);
    if (tapped === undefined || tapped.replies <= content.sequence) {
      world.violate(
        "fence",
        `${this.label} got reply ${content.sequence} of execution ${content.execution}, which had lost the call`,
      );
    }
  }

  #end(call: TestCall): void {
    const { status, reset } = call;
    const world = this.#world;
    const [contentType] = call.headValues("content-type");
    if (contentType !== undefined && contentType !== contentTypeOf(this.plan)) {
      world.violate("content", `${this.label} asked with ${contentTypeOf(this.plan)} and got ${contentType}`);
    }
    this.outcome = {
      code: status?.code,
      reason: status?.details?.errorInfo?.reason,
      execution: status?.details?.errorInfo?.metadata.execution,
      reset: reset?.by,
      resetCode: reset?.code,
    };
    const { code, reason, reset: by } = this.outcome;
    world.note(this.#process.name, `${this.label} ends: ${code ?? `reset ${by} ${reset?.code}`} ${reason ?? ""}`);
    if (!world.ledger.dispatched.has(this.plan.index)) {
      if (code === StatusCode.deadlineExceeded) world.coverage.see("router", "queued", "deadline");
      if (by === "local") world.coverage.see("router", "queued", "caller gone");
    }
    if (code !== undefined && by === undefined) {
      world.attempts.end(this.plan.index);
      world.interceptions.told(this.plan, code);
    }
    this.#checkMetadata(call);
    judgeOutcome(world, this, this.outcome, call.restBytes);
  }

  /** What user code has set beside its replies has come, once. */
  #checkMetadata(call: TestCall): void {
    const { index, server } = this.plan;
    const world = this.#world;
    if (this.outcome?.code !== StatusCode.ok || world.ledger.tainted.has(index)) return;
    const expected = server.setsHeaders ? String(index) : "";
    const head = call.headValues(headerName).join();
    const trailer = call.trailerValues(trailerName).join();
    // Without a reply an instance need not say anything ahead of its trailers.
    if (trailer === expected && (head === expected || (head === "" && this.received === 0))) return;
    world.violate("success", `${this.label} is OK with "${head}" ahead and "${trailer}" behind, not "${expected}"`);
  }

  /** The deadline is past by its bound: there must be a status, unless something on the way stands still. */
  #checkDeadline(after: (ms: number, task: () => void) => void): void {
    const { link } = this;
    const world = this.#world;
    const { scenario } = world;
    if (link === undefined || link.isOver || this.isCancelled) return;
    const router = link.right;
    const boundMs = scenario.isNarrow ? narrowBoundMs : deadlineBoundMs + 4 * scenario.maxLatencyMs;
    // A router counts the time from when it reads the head, which may have been held up on its way.
    const heldUpMs = Math.max(link.troubledUntilMs, router.resumedMs);
    const freeMs = Math.max(
      this.#deadlineMs,
      heldUpMs + this.plan.timeoutMs,
      this.#process.resumedMs,
      this.#readsSinceMs,
    );
    if (freeMs === Number.POSITIVE_INFINITY || router.state === "dead") {
      // Nobody will answer any more: as real clients do, it ends the call by itself.
      this.#call?.cancel(ErrorCode.cancel);
      return;
    }
    const dueMs = (this.#isStalled || router.state === "paused" ? world.nowMs : freeMs) + boundMs;
    if (world.nowMs < dueMs) after(dueMs - world.nowMs + 1, () => this.#checkDeadline(after));
    else
      world.violate(
        "ends",
        `${this.label} has no status ${Math.round(world.nowMs - this.#deadlineMs)} ms after its deadline`,
      );
  }
}

function contentTypeOf({ subtype }: CallPlan): string {
  return subtype === "" ? "application/grpc" : `application/grpc+${subtype}`;
}

function contentOf(reply: TestCall["messages"][number] | undefined): SimContent | undefined {
  if (reply === undefined) return undefined;
  const bytes = reply.compressed ? inflate(reply.bytes, maxReplyBytes) : reply.bytes;
  const content = bytes === undefined ? undefined : unwrapContent(bytes);
  return content === undefined ? undefined : readContent(content);
}
