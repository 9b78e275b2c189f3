// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "./node-error.js";

/** Limits of a router's listener; each stops the attack named beside it. Those of a connection are `@grpc-router/http2`'s. */
export interface ListenerLimits {
  /** Connections at once, TLS handshakes included; more are closed at once: a flood that takes all descriptors and memory. */
  readonly connections: number;
  /**
   * Connections at once from one address, where an IPv6 /64 counts as one, being what a single subscriber holds: one
   * machine that takes every connection there is. Half of all by default, since thousands may sit behind one load balancer or NAT.
   */
  readonly connectionsPerAddress: number;
  /** Milliseconds from accept to the end of the TLS handshake: peers that stop in the middle and hold a socket each. */
  readonly handshakeMs: number;
  /**
   * Octets of TLS records that carry no data, one connection's, beyond what its data explains: a flood of key updates,
   * each of which costs two key derivations and an answer that waits in memory when nobody reads it.
   */
  readonly tlsOverheadBytes: number;
}

/** What a listener's limits are unless said otherwise. */
export const defaultListenerLimits: ListenerLimits = {
  connections: 16_384,
  connectionsPerAddress: 8_192,
  handshakeMs: 10_000,
  tlsOverheadBytes: 65_536,
};

/** Returns the defaults with `limits` laid over them. @throws NodeError `LIMIT_INVALID` for one that is not a whole number from 1 to 2^31-1. */
export function validateListenerLimits(limits: Partial<ListenerLimits> = {}): ListenerLimits {
  const merged = { ...defaultListenerLimits, ...limits };
  for (const [name, value] of Object.entries(merged)) {
    if (!(name in defaultListenerLimits)) {
      const known = Object.keys(defaultListenerLimits).join(", ");
      throw new NodeError("LIMIT_INVALID", `Cannot use limits: a name must be one of ${known}, received ${name}`);
    }
    if (!Number.isInteger(value) || value < 1 || value > 0x7fff_ffff) {
      throw new NodeError(
        "LIMIT_INVALID",
        `Cannot use limits: ${name} must be a whole number from 1 to 2147483647, received ${String(value)}`,
      );
    }
  }
  return merged;
}

/** Octets of the one read buffer of a thread; larger ones gain nothing (a socket read returns at most this much). */
export const READ_BUFFER_BYTES = 65_536;

/** Fields of spans that are kept encoded, of each kind: their values come from peers, who could send ever new ones. */
export const SHARED_SPAN_FIELDS = 1_000;

/** Milliseconds for the last metrics of a program that ends: a collector that does not answer, and a stop that waits for it. */
export const OTLP_STOP_MS = 3_000;

/** Connections the kernel may hold before they are accepted; a small backlog drops SYNs when thousands reconnect at once. */
export const LISTEN_BACKLOG = 4_096;

/** Milliseconds for the first octets inside TLS of a peer that chose no protocol; they tell in which one to refuse it. */
export const FOREIGN_WAIT_MS = 1_000;

/** Milliseconds for one message to the service manager: one that does not read, and would be asked again and again. */
export const NOTIFY_TIMEOUT_MS = 6_000; // systemd-notify waits 5 s itself

/** Share of the memory budget from which on connections are closed at once: before calls that run meet a full process. */
export const ACCEPT_PRESSURE = 0.95;

/** Milliseconds between looks at what TLS records of each connection carried (`tlsOverheadBytes`); a second of flood is a few MiB. */
export const TLS_OVERHEAD_CHECK_MS = 2_000;

/** Octets on the wire that one octet of data may take without being overhead: a record of one octet is 23 to 30 octets. */
export const TLS_RECORD_EXPANSION = 32;

/** Octets of overhead that a connection is forgiven in a second: some 70 honest key updates in a minute. */
export const TLS_OVERHEAD_LEAK_BYTES = 32;

/** Milliseconds between two looks at the memory of the process; one takes some 10 microseconds. */
export const MEMORY_SAMPLE_MS = 100;

/** Share of the container's or machine's memory that a router uses unless told otherwise; the rest is slack, see below, and the system's. */
export const MEMORY_SHARE = 0.8;

/** Share of the budget that resident memory may be above it, for what allocators keep of what was freed. */
export const MEMORY_SLACK = 0.2;

/** Milliseconds between two collections of garbage that a full memory asks for. */
export const COLLECT_INTERVAL_MS = 1_000;

/** Share of the time that such collections may take: one stops everything for a second when gigabytes live. */
export const COLLECT_SHARE = 0.02;

/** Milliseconds for name look-up, TCP connect and TLS handshake together: a blackholed address would block reconnecting. */
export const DIAL_TIMEOUT_MS = 10_000;

/** Milliseconds of silence before TCP keep-alive probes: finds peers that vanished without a FIN and would hold memory for ever. */
export const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Milliseconds that a drain waits for TLS handshakes that have begun, so that their clients are told to go and not cut off.
 * Peers that stop in the middle hold a drain up no longer.
 */
export const HANDSHAKE_GRACE_MS = 1_000;

/** Milliseconds between `close()` and destroying sockets whose last bytes the peer does not take. */
export const CLOSE_GRACE_MS = 1_000;

/** Octets of an admin request's body: the admin listener answers questions of a few bytes. */
export const ADMIN_REQUEST_BYTES = 65_536;

/** Octets of one value in a console line; a peer's text must not flood the log. */
export const LOG_VALUE_CHARS = 512;

/** Octets of a descriptor set: a file that was put among them by mistake would fill the memory. */
export const MAX_DESCRIPTOR_SET_BYTES: number = 64 * 1024 * 1024;

/** Milliseconds between two looks at how late timers run, for load reports: an idle process that never sleeps. */
export const LOOP_DELAY_STEP_MS = 50;

/** Files of one configuration, included ones each time: files that include two others each, a few levels deep. */
export const CONFIG_FILES = 100;

/** Brackets that may be open at once in a file of configuration: parsers keep the way to each, so the square of the depth. */
export const CONFIG_BRACKETS = 1_000;

/** Levels of nesting in a file of configuration; a text of brackets would take the stack. */
export const CONFIG_DEPTH = 100;

/** Limits of the admin API's listener: who may reach it at all must not take the descriptors that calls need. */
export const ADMIN_LISTENER_LIMITS: ListenerLimits = {
  ...defaultListenerLimits,
  connections: 256,
  connectionsPerAddress: 128,
};

/**
 * Milliseconds from accept to a request that who sends it may send: connections that hold a place each and say nothing,
 * begin a request and do not end it, or have no right to any but the pages of probes.
 */
export const ADMIN_FIRST_REQUEST_MS = 10_000;

/** Events in one message of a stream: a message that any client takes. */
export const EVENT_BATCH = 100;

/** Octets of access log that are written in one go; a write per line costs a system call per call. */
export const ACCESS_LOG_FLUSH_BYTES = 8_192;

/** Milliseconds after which lines are written that are fewer than that, so that they are seen. */
export const ACCESS_LOG_FLUSH_MS = 500;

/** Octets of access log that may wait for the disk: one that is full, or slow, and memory that calls fill. */
export const ACCESS_LOG_BUFFER_BYTES: number = 4 * 1_048_576;

/** Milliseconds that a router that stops gives its access log to be written: whoever reads it may hang. */
export const ACCESS_LOG_CLOSE_MS = 2_000;

/** Milliseconds of a CPU profile: samples, one a millisecond, that fill the memory of a process that was forgotten. */
export const MAX_PROFILE_MS = 600_000;

/** Milliseconds between two words of progress of a profile. */
export const PROFILE_PROGRESS_MS = 500;

/** Octets of a profile in one message: the snapshot comes in pieces of 64 KiB, a profile of CPU as one text. */
export const PROFILE_PIECE_BYTES: number = 256 * 1024;

/** Taps of calls at once: each looks at every call that comes. */
export const MAX_TAPS = 8;

/** Events of a tap, or lines of a trace, that wait for their reader: one that does not read, and memory that calls fill. */
export const READER_QUEUE_EVENTS = 4_096;

/** Octets of the same. */
export const READER_QUEUE_BYTES: number = 4 * 1_048_576;

/** Traces of frames at once: each decodes all that its connection says once more. */
export const MAX_TRACES = 4;

/** Milliseconds of a trace of frames: one that was forgotten. */
export const MAX_TRACE_MS = 3_600_000;

/** Milliseconds between two messages of such a trace; frames come by the thousand. */
export const TRACE_BATCH_MS = 50;

/** Events of a tap in one second; more calls are passed over: to tell a call costs more than to route it. */
export const TAP_EVENTS_PER_SECOND = 5_000;

/** Octets of one message that a tap tells at most. */
export const MAX_TAP_MESSAGE_BYTES = 65_536;

/** Octets of messages of a tap that come in pieces and are not whole: calls that never end theirs. */
export const TAP_GATHERED_BYTES: number = 4 * 1_048_576;

/** Fields of metadata that a tap tells of a call. */
export const TAP_FIELDS = 100;

/** Characters of one value of them. */
export const TAP_VALUE_CHARS = 256;
