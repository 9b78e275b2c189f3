// SPDX-License-Identifier: Apache-2.0
// What a bridge bears and how long it waits, beside the limits of the channel itself in @grpc-router/protocol; each
// figure with what it stops.

/** Upper bound of the first random wait before the next attempt; it doubles with every failure (docs/channel.md section 7). */
export const RECONNECT_BASE_MS = 500;
/** Upper bound of every later wait: instances that stay away after a long outage. */
export const RECONNECT_CAP_MS = 30_000;
/** A channel that stood this long, and longer than the last wait, starts the waits anew: a flapping router met in a tight loop. */
export const STABLE_AFTER_MS = 10_000;
/** Wait after a refusal that waiting hardly cures (credentials, an invalid hello): a log and a router full of refusals. */
export const PERMANENT_WAIT_MS = 60_000;
/** Spread of `PERMANENT_WAIT_MS` either way: a fleet that comes back in step. */
export const PERMANENT_SPREAD = 0.2;
/** Upper bound of the random wait after a router's Drain: a fleet that moves in step. */
export const REJOIN_WITHIN_MS = 1_000;

/** Share of the silence before a Ping at least, and what chance adds to it: pings of a whole fleet in step. */
export const PING_LEAST_SHARE = 0.8;
export const PING_SPREAD = 0.3;
/** A timer this late tells of a stall of our own loop; the peer's bytes may wait unread in the socket. */
export const LOOP_STALL_MS = 500;
/** After such a stall, milliseconds in which the sockets are read before time limits are judged: healthy peers given up after SIGCONT. */
export const READ_FIRST_MS = 100;
/** After our last frame the router has this long to end the stream: half-open streams. */
export const FAREWELL_MS = 5_000;
/** After the grace of a drain user code has this long to notice that its calls were aborted: an instance that never stops. */
export const ABORT_SETTLE_MS = 1_000;

/** Fates of former channels kept for the next hello: a router that comes and goes. */
export const MAX_PREVIOUS = 16;
/** A slice smaller than this waits for more credit, unless it is the rest of its message: messages in crumbs. */
export const MIN_SLICE_BYTES = 4_096;
/** Deadlines are looked at in steps of this: a timer per call. */
export const DEADLINE_STEP_MS = 16;
/** No timer runs longer at once: a far deadline that overflows the host's timers and fires at once. */
export const MAX_TIMER_MS = 3_600_000;
/** How often a connection looks at its own time limits. */
export const LINK_SWEEP_MS = 1_000;
/** Octets of a router's status text that go to the log: a log flood by a peer. */
export const MAX_LOGGED_TEXT = 1_000;
/** Characters of a peer's text in the status of a call, which has it twice, percent-encoded: one that is more metadata than routers take. */
export const MAX_SHOWN_CHARS = 100;
/** Milliseconds that a router is kept after the last one that named it no longer does: a list that is being edited. */
export const LEAVE_AFTER_MS = 30_000;
/** Milliseconds in which it shows that a process has superseded itself, over two addresses of one router. */
export const OWN_TAKEOVER_MS = 1_000;
/** Connections of a process to one router: channels that do no more than the first. */
export const MAX_CONNECTIONS_PER_ROUTER = 16;
/** Messages of the largest size that a channel may hold at once, where that is more than its 16 MiB: a limit raised so far that not one message fits. */
export const BUFFERED_MESSAGES = 4;
/** Milliseconds without a byte in or out after which a call stands still, as far as a channel's full buffers go: a reader that has stopped. */
export const STILL_AFTER_MS = 1_000;
/** Milliseconds between two looks for such a call: a search through all calls with every frame. */
export const JUDGE_STILL_MS = 100;
/** Milliseconds without a byte on any call after which nobody is judged by the time before: this process may have stood still. */
export const PAUSE_MS = 250;
/** What calls that do move may keep for a moment, in channel buffers: memory, when many large messages come at once. */
export const BUSY_BUFFER_FACTOR = 8;

/** Milliseconds for the target of a relay to answer our SETTINGS: something that listens and is no HTTP/2 server. */
export const TARGET_SETTLE_MS = 5_000;
/** Connections to one target: a MAX_CONCURRENT_STREAMS of 1 answered with a socket per call. */
export const MAX_TARGET_CONNECTIONS = 32;
/** Milliseconds without a stream after which a connection that others stand beside is closed: connections of a past rush hour. */
export const TARGET_IDLE_MS = 60_000;
/** Reply octets of one call that the target may send ahead of the channel: the memory of a stalled reader. */
export const TARGET_STREAM_WINDOW_BYTES = 65_535;
/** Of all calls of a connection: as much as its stalled readers can hold, so that they stop nobody else. */
export const TARGET_CONNECTION_WINDOW_BYTES: number = TARGET_STREAM_WINDOW_BYTES * 4_096;
/** Silence of the target before it is asked for its health: half-open connections. */
export const TARGET_SILENCE_MS = 9_000;
/** Then it has this long to say anything at all, so that a half-open connection is found within 20 s. */
export const TARGET_ANSWER_MS = 9_000;
/** Silence before a PING, for connections whose streams are used up, so that nothing can be asked; gRPC servers bear one in five minutes (gRFC A8). */
export const TARGET_KEEPALIVE_MS = 330_000;
/** Milliseconds without progress towards the target: a handler that reads slowly is no attack, and its call has a deadline of its own. */
export const TARGET_STALL_MS = 3_600_000;
/** Octets of one request kept until the target has looked at the call: large uploads, kept for nothing. */
export const MAX_KEPT_REQUEST_BYTES = 65_536;
/** Of all requests: many calls under way at once. */
export const MAX_KEPT_REQUESTS_BYTES = 8_388_608;
/** Milliseconds between two questions to a target that has health checks without Watch, or ends a Watch as if it were one. */
export const TARGET_HEALTH_EVERY_MS = 5_000;
/** Milliseconds for a new connection's first word on health; without one the target counts as serving: a Watch that never answers. */
export const TARGET_HEALTH_WITHIN_MS = 2_000;
/** Octets of a health answer: a target that answers with something else. */
export const MAX_HEALTH_BYTES = 1_024;
/** Characters of the reason that goes with a health: an error with a page of text in every frame. */
export const MAX_HEALTH_NOTE_CHARS = 256;
/** How often a service's health is told the router, a second: a target that flaps. */
export const MAX_HEALTH_PER_SECOND = 10;

/** Milliseconds between two load reports at least: reports that cost more than they tell, and the router's control rate. */
export const MIN_LOAD_INTERVAL_MS = 1_000;
/** … and at most: a timer that overflows. */
export const MAX_LOAD_INTERVAL_MS = 3_600_000;
/** Named metrics of one report: a frame, or the trailers of a call, full of them. */
export const MAX_NAMED_METRICS = 64;
/** Octets of the name of one. */
export const MAX_METRIC_NAME_BYTES = 128;

/** Milliseconds for a router's answer to a lowered capacity; then what it sent before is given back: a router that does not answer would hold what others need. */
export const SETTLE_CAPACITY_MS = 1_000;
/** Milliseconds for which room that was in use still counts as needed: shares that go to and fro with every call. */
export const RECENT_CALLS_MS = 200;
/** Milliseconds that a channel keeps what it got after it had nothing, while there are more such channels than calls: a turn too short to use. */
export const CAPACITY_TURN_MS = 500;
/** Milliseconds without a waiting call after which the shares of a capacity are even again: moves that the next burst undoes. */
export const CAPACITY_REST_MS = 5_000;
