// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync } from "node:fs";
import { isSecretName } from "@grpc-router/http2";
import { createBurstLog, type Logger, statusName } from "@grpc-router/protocol";
import type { CallFollower, CallWatcher, FollowedEnd, WatchedCall } from "@grpc-router/runtime";
import { pino } from "pino";
import {
  ACCESS_LOG_BUFFER_BYTES,
  ACCESS_LOG_CLOSE_MS,
  ACCESS_LOG_FLUSH_BYTES,
  ACCESS_LOG_FLUSH_MS,
} from "../limits.js";
import { NodeError } from "../node-error.js";
import { createConsoleLogger } from "./console-logger.js";
import { escapeControls } from "./escape-controls.js";
import { WallClock } from "./wall-clock.js";

/** What a line of the access log says, in this order. */
export const accessLogFields = [
  "time",
  "method",
  "status",
  "reason",
  "durationMs",
  "peer",
  "identity",
  "instance",
  "attempts",
  "requestBytes",
  "replyBytes",
] as const;

/** One of them. */
export type AccessLogField = (typeof accessLogFields)[number];

/** What is written of which calls, and where. */
export interface AccessLogOptions {
  /** File that lines are added to; `-`: standard output. */
  readonly path: string;
  /** `json`: one object a line; `text`: words for people. Default `json`. */
  readonly format?: "json" | "text" | undefined;
  /** Share of the calls that end with OK, 0 to 1. Calls that fail are all written. Default 1. */
  readonly ratio?: number | undefined;
  /** Default: all. */
  readonly fields?: readonly AccessLogField[] | undefined;
  /** Names of metadata that is written, too, such as `user-agent`. Those whose values may be secrets are refused. */
  readonly metadata?: readonly string[] | undefined;
  /** Hears of lines that could not be written. Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
}

/** An access log: hand it to `RouterServer.watch`. */
export interface AccessLog extends CallWatcher {
  /** Lines that were dropped, because the file did not take them as fast as calls ended. */
  readonly droppedLines: number;
  /** Opens the file anew, for programs that move it away; of standard output nothing. What goes wrong is logged. */
  reopen(): void;
  /** Writes what waits, as far as it is taken within 2 s. */
  close(): Promise<void>;
}

interface Line {
  readonly time: string;
  readonly method: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly durationMs: number;
  readonly peer: string;
  readonly identity: string | undefined;
  readonly instance: string | undefined;
  readonly attempts: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
}

let allDroppedLines = 0;

/** Lines that all access logs of the process have dropped. */
export function countDroppedLines(): number {
  return allDroppedLines;
}

/**
 * Writes one line for each call that ends. Lines are collected and written in one go, off the event loop; when the disk
 * does not keep up they are dropped and counted, so that a full disk stops no call.
 *
 * @throws NodeError `ACCESS_LOG_INVALID` for options that cannot be, or a file that cannot be opened.
 */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { path, format = "json", ratio = 1, fields = accessLogFields, metadata = [] } = options;
  validate({ ratio, fields, metadata });
  const logger = options.logger ?? createConsoleLogger();
  const report = createBurstLog(logger, { nowMs: () => performance.now() });
  const failed = (error: Error) => {
    report.log("access_log", "access_log_failed", `Cannot write the access log: ${error.message}`, { path });
  };
  const output = open(path);
  const clock = new WallClock();
  let dropped = 0;
  output.on("drop", () => {
    dropped++;
    allDroppedLines++;
  });
  output.on("error", failed);
  const flushing = setInterval(() => output.flush(), ACCESS_LOG_FLUSH_MS).unref();
  const write = (call: WatchedFacts, end: FollowedEnd) => {
    if (end.code === 0 && ratio < 1 && Math.random() >= ratio) return;
    const line = lineOf(call, end, clock.originAt(end.nowMs));
    output.write(format === "json" ? writeJson(line, fields, call) : writeText(line, fields, call));
  };
  return {
    watch: (call) => followerOf(call, metadata, write),
    get droppedLines() {
      return dropped;
    },
    reopen() {
      if (path === "-") return;
      try {
        // If the file cannot be opened, lines go on to where they went.
        check(path);
        output.reopen();
      } catch (error) {
        failed(error instanceof Error ? error : new Error(`${error}`));
      }
    },
    async close() {
      clearInterval(flushing);
      const { promise, resolve } = Promise.withResolvers<void>();
      // A disk that is full, or a reader of the output that does not read, must not keep a router from stopping.
      output.once("close", resolve).once("error", resolve);
      const patience = setTimeout(resolve, ACCESS_LOG_CLOSE_MS);
      output.end();
      await promise;
      clearTimeout(patience);
    },
  };
}

/** What is kept of a call until its end. */
interface WatchedFacts {
  readonly path: string;
  readonly peer: string;
  readonly identity: string | undefined;
  readonly openedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

function followerOf(
  call: WatchedCall,
  names: readonly string[],
  write: (facts: WatchedFacts, end: FollowedEnd) => void,
): CallFollower {
  const metadata: Record<string, string> = {};
  for (const name of names) {
    const value = call.metadata(name);
    if (value !== undefined) metadata[name] = value;
  }
  const identity = identityOf(call.identities);
  const facts = { path: call.path, peer: call.peerAddress, identity, openedMs: call.openedMs, metadata };
  return { ended: (end) => write(facts, end) };
}

/** One name says enough: the SPIFFE id, which a certificate has one of, else the first. */
function identityOf(names: readonly string[]): string | undefined {
  return names.find((name) => name.startsWith("spiffe://")) ?? names[0];
}

function lineOf({ path, peer, identity, openedMs }: WatchedFacts, end: FollowedEnd, originMs: number): Line {
  return {
    time: new Date(originMs + end.nowMs).toISOString(),
    // One that leads nowhere may be anything.
    method: path.startsWith("/") ? path.slice(1) : path,
    status: statusName(end.code),
    reason: end.reason,
    durationMs: Math.round((end.nowMs - openedMs) * 1_000) / 1_000,
    peer,
    identity,
    instance: end.instance,
    attempts: end.attempts,
    requestBytes: end.requestBytes,
    replyBytes: end.replyBytes,
  };
}

function writeJson(line: Line, fields: readonly AccessLogField[], { metadata }: WatchedFacts): string {
  const shown: Record<string, unknown> = {};
  for (const field of fields) shown[field] = line[field];
  for (const [name, value] of Object.entries(metadata)) shown[name] = value;
  return `${escapeControls(JSON.stringify(shown))}\n`;
}

/** Time, method, status and duration as they are, the rest as `name=value`. */
function writeText(line: Line, fields: readonly AccessLogField[], { metadata }: WatchedFacts): string {
  const words: string[] = [];
  for (const field of fields) {
    const value = line[field];
    if (value === undefined) continue;
    if (field === "durationMs") words.push(`${value}ms`);
    else if (field === "time" || field === "status") words.push(`${value}`);
    else if (field === "method") words.push(quote(`${value}`));
    else words.push(`${field}=${quote(`${value}`)}`);
  }
  for (const [name, value] of Object.entries(metadata)) words.push(`${name}=${quote(value)}`);
  return `${words.join(" ")}\n`;
}

function quote(text: string): string {
  return /^[\w.:/@+\-[\]]+$/.test(text) ? text : escapeControls(JSON.stringify(text));
}

function open(path: string): ReturnType<typeof pino.destination> {
  try {
    // Now, where somebody sees it; what opens the file for good does so later.
    if (path !== "-") check(path);
    return pino.destination({
      dest: path === "-" ? 1 : path,
      append: true,
      mkdir: false,
      sync: false,
      minLength: ACCESS_LOG_FLUSH_BYTES,
      maxLength: ACCESS_LOG_BUFFER_BYTES,
    });
  } catch (error) {
    throw invalid(
      `the file ${path} must be one that can be written: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** @throws Error if nothing can be added to the file. */
function check(path: string): void {
  closeSync(openSync(path, "a"));
}

function validate({
  ratio,
  fields,
  metadata,
}: {
  readonly ratio: number;
  readonly fields: readonly string[];
  readonly metadata: readonly string[];
}): void {
  if (!(ratio >= 0 && ratio <= 1)) throw invalid(`the share of calls must be 0 to 1, received ${ratio}`);
  const known: readonly string[] = accessLogFields;
  const unknown = fields.find((field) => !known.includes(field));
  if (unknown !== undefined) throw invalid(`a field must be one of ${known.join(", ")}, received ${unknown}`);
  const secret = metadata.find(isSecretName);
  if (secret !== undefined) throw invalid(`metadata must be no secret, received ${secret}`);
  const taken = metadata.find((name) => known.includes(name));
  if (taken !== undefined) throw invalid(`metadata must not be called like a field, received ${taken}`);
  const strange = metadata.find((name) => !/^[0-9a-z_.-]+$/.test(name));
  if (strange !== undefined) throw invalid(`names of metadata must be of 0-9 a-z _ - ., received ${strange}`);
}

function invalid(rule: string): NodeError {
  return new NodeError("ACCESS_LOG_INVALID", `Cannot write an access log: ${rule}`);
}
