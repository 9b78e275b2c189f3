// SPDX-License-Identifier: Apache-2.0
// What a channel bears by default; each figure with the attack or failure it stops (docs/channel.md section 8).

/** Octets of a frame, judged on its prefix: a length bomb. */
export const MAX_FRAME_BYTES: number = 64 * 1024;
/** Octets of the frame that holds a Hello or a Welcome, which list every method: a length bomb. */
export const MAX_HELLO_BYTES: number = 256 * 1024;
/** Octets of a member or of a fragment's data: one call that holds up all others. */
export const MAX_PAYLOAD_BYTES: number = 16 * 1024;
/** Octets of a message of a call, judged on its prefix or its first slice: memory. */
export const MAX_MESSAGE_BYTES: number = 4 * 1024 * 1024;
/** Entries of one metadata list: a header bomb of many tiny fields (CVE-2026-49975). */
export const MAX_METADATA_ENTRIES = 100;
/** Octets of one metadata list, each entry counted as name + value + `METADATA_ENTRY_OVERHEAD`: a header bomb. */
export const MAX_METADATA_BYTES: number = 16 * 1024;
/** What an entry costs beside its bytes, as in HTTP/2 (RFC 7541 section 4.1). */
export const METADATA_ENTRY_OVERHEAD = 32;
/** Octets of free buffers that a thread keeps for reuse: memory that a burst would pin for good. */
export const MAX_POOLED_BYTES: number = 16 * 1024 * 1024;
/** Nesting of an unknown group in a head: a stack that overflows. */
export const MAX_GROUP_DEPTH = 100;
/** Fields that are walked for a key after it was found, since a later one replaces it: work for every message with a list. */
export const EXACT_KEY_FIELDS = 32;
/** Fields that are walked for a key: a message of two million tiny ones would hold up all other calls for 10 ms. */
export const MAX_KEY_FIELDS: number = 64 * 1024;
/** Octets of a key, all of which are hashed: a value as long as its message. Metadata cannot be longer either. */
export const MAX_KEY_BYTES: number = 16 * 1024;

/** What a payload frame costs beside its bytes: 1,024 empty messages use up a window of 64 KiB. */
export const PAYLOAD_OVERHEAD = 64;
/** Credit of each call and direction at its start, so that a message of 64 KiB and its framing passes at once. */
export const INITIAL_CREDIT = 81_920;
/** The least credit that a side may announce; below it a member could wait for ever. */
export const MIN_INITIAL_CREDIT = 65_536;
/** Credit that may be outstanding: what a reader may grow a window to. */
export const MAX_CREDIT_GROWTH: number = 1024 * 1024;
/** Credit by which the windows of one channel may grow together, a quarter of its buffers: readers that are quick and then stop. */
export const MAX_GROWN_CREDIT: number = 4 * 1024 * 1024;
/** Credit that may be outstanding at all; more is an overflow. */
export const MAX_CREDIT: number = 2 ** 31 - 1;
/** Octets that one channel may hold for all of its calls: slow consumers. */
export const MAX_CHANNEL_BUFFER_BYTES: number = 16 * 1024 * 1024;
/** Octets of a call's request that are kept until it is accepted, so that proof can send it elsewhere. */
export const MAX_KEPT_REQUEST_BYTES: number = 64 * 1024;
/**
 * Milliseconds for which an accepted mark waits for a frame that takes it along: a write and a read more for each call.
 * A channel that is lost meanwhile leaves its calls `unknown` instead of `started`, which forbids no less.
 */
export const MARK_DELAY_MS = 100;
/** Octets of one call before the next call's turn: a large message that delays all others. */
export const TURN_BYTES: number = 16 * 1024;

/** Open calls of a channel that states no capacity: slots used up. */
export const MAX_OPEN_CALLS = 4096;
/** Times a call goes back to the queue: a call that no instance will have. */
export const MAX_REQUEUES = 3;
/** Instances a call may take down before it is tried no more: a poison call. */
export const MAX_INSTANCES_LOST = 2;
/** Control frames at once: a flood of pings, loads or traits … */
export const MAX_CONTROL_BURST = 100;
/** … and per second after that. */
export const MAX_CONTROL_PER_SECOND = 20;
/** Credit frames of a call beyond the payload frames it was sent: credit in drips. */
export const MAX_CREDIT_FRAMES = 16;
/** Frames in a row that say nothing new, such as a mark that stands already: work without progress (CVE-2019-9518). */
export const MAX_EMPTY_FRAMES = 100;
/** Restatements of a capacity per second, after `MAX_CONTROL_BURST` at once: each may start calls that wait. */
export const MAX_CAPACITY_PER_SECOND = 10;
/** Frames for calls that have ended, beyond one for each call begun since: work that helps nobody. */
export const MAX_LATE_FRAMES = 100;

/** Routers that a router names, and that a process dials in all: a hostile router that makes every bridge dial the world. */
export const MAX_ROUTERS = 16;
/** Octets of a router's address in such a list: a list that outgrows its frame. */
export const MAX_ROUTER_ADDRESS_BYTES = 256;
/** Demands per second of one channel: a queue that fills and empties all the time. */
export const MAX_DEMAND_PER_SECOND = 10;

/** Methods of a hello: a hello bomb. */
export const MAX_METHODS = 1024;
/** Features of a hello: a hello bomb. */
export const MAX_FEATURES = 64;
/** Labels of an instance: a hello bomb. */
export const MAX_LABELS = 64;
/** Octets of a label's name. */
export const MAX_LABEL_NAME_BYTES = 63;
/** Octets of a label's value. */
export const MAX_LABEL_VALUE_BYTES = 256;
/** Entries of a hash ring; the cap of gRFC A42, which keeps a typing error from taking gigabytes. */
export const MAX_RING_SIZE = 8_388_608;
/** Entries of a maglev table; Envoy's cap, for the same reason. */
export const MAX_MAGLEV_TABLE_SIZE = 5_000_011;
/** Tenants of a router: a list that somebody has generated without end, looked through for every call. */
export const MAX_TENANTS = 10_000;
/** Ways in which tenants may match the rules of a service: each has its own policy of every method, with queues and counts. */
export const MAX_TENANT_CLASSES = 100;
/** Octets of an instance id. */
export const MAX_INSTANCE_ID_BYTES = 128;
/** Octets of a process key. */
export const PROCESS_KEY_BYTES = 16;

/** Register streams of one connection: a stream flood. */
export const MAX_REGISTER_STREAMS = 256;
/** Registrations per second of one router: a storm of reconnects. */
export const MAX_REGISTRATIONS_PER_SECOND = 500;
/** Registrations per second of one connection, after `MAX_REGISTER_STREAMS` at once: one peer that uses up what all may have. */
export const MAX_CONNECTION_REGISTRATIONS_PER_SECOND = 10;
/** Milliseconds for the Hello: half-open registrations. */
export const HELLO_TIMEOUT_MS = 5_000;
/** Milliseconds for the Welcome. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** Milliseconds for the End after a Cancel, then the call is reported stuck: leaked slots. */
export const CANCEL_CONFIRM_MS = 30_000;
/** Milliseconds without transport progress while frames wait: a stalled peer. */
export const TRANSPORT_STALL_MS = 30_000;
/** Milliseconds that a sent call of a lost channel may wait for a Previous. */
export const HOLD_MS = 1_000;
/** Milliseconds of grace after a Drain. */
export const DRAIN_GRACE_MS = 30_000;
/** Milliseconds without a byte until a Ping is due, ± 20 %, half of it while a call is open: half-open connections. */
export const PING_AFTER_MS = 10_000;
/** Milliseconds for a byte after a Ping; asked twice. */
export const PONG_WITHIN_MS = 4_000;

/** Milliseconds in which an event of one kind that strangers can cause is logged as a warning once: a flood would fill the disk. */
export const LOG_BURST_MS = 60_000;
/** Octets of a metric's name in a load report, its map's included: names are kept for each instance. */
export const MAX_METRIC_NAME_BYTES = 256;
/** Metrics that an option may name as what an instance's use is: each is looked up for each instance, once a second. */
export const MAX_UTILIZATION_METRICS = 16;
