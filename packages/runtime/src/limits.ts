// SPDX-License-Identifier: Apache-2.0
// Limits of the router beside those of the channel (protocol/limits.ts) and of HTTP/2; each with what it stops.

/** Calls of one service that wait for an instance: memory, when instances are away, and the room of other services. */
export const maxWaitingCalls = 10_000;

/** Octets of requests held for the waiting calls of one service: the same. */
export const maxWaitingBytes: number = 64 * 1024 * 1024;

/**
 * Octets of requests that are with an instance and kept for a second try, of all connections: many clients with calls that
 * instances leave open, each client within its own memory.
 */
export const maxReplayBytes: number = 64 * 1024 * 1024;

/** Calls of higher classes that go before a waiting one of a lower class, then it is its turn: starvation by priorities. */
export const maxPassedOver = 16;

/** Waiting calls with keys that step aside in one turn because their one instance is full: a search with every call that ends. */
export const maxSteppedAside = 64;

/** Milliseconds over which it is measured how fast waiting calls get away. */
export const drainWindowMs = 1_000;

/** The shortest time after which a call that found the queue full is told to come back … */
export const minPushbackMs = 100;

/** … and, but for up to three quarters of it that are chance, the longest: nobody knows more of the future. */
export const maxPushbackMs = 6_400;

/** Call records that are kept for reuse: memory that a burst would pin for good. */
export const maxPooledCalls = 4096;

/** Octets of a buffer that a call record keeps for its next call; larger ones go to the pool that all share. */
export const ownBufferBytes = 256;

/** Octets of the buffer of one request's log; the largest that is pooled. */
export const maxLogBufferBytes: number = 128 * 1024;

/** Octets that wait in that buffer, at least, while more waits behind it: two turns and what begins in them. */
export const minLogWaitingBytes: number = 64 * 1024;

/** Octets of a chunk of what a request has beyond its buffer. */
export const overflowChunkBytes: number = 64 * 1024;

/** Octets that a registration channel writes ahead of its transport: queueing where no one sees it. */
export const channelOutputBytes: number = 64 * 1024;

/** Receive window of a Register stream, returned on parse; the connection's is at least four times that. */
export const registerWindowBytes: number = 1024 * 1024;

/** Milliseconds between two looks at heartbeats and stalls: how late a dead peer may be found beyond the rules. */
export const sweepMs = 250;

/** Sweeps between two looks at the time limits of HTTP/2 connections. */
export const sweepsPerConnectionSweep = 4;

/** A sweep that comes this late means that this process stood still: nobody is judged before the sockets are read. */
export const stallMs = 1_000;

/** RetryInfo of a refused registration whose id is in use: until the holder would have been found dead. */
export const idInUseRetryMs = 20_000;

/** Share of the rate of registrations that is promised to those who were refused; the rest is for those who come anew. */
export const promisedShare = 0.9;

/** Milliseconds for which a refused registration is told to wait at most: a line that some flood has made long. */
export const longestPromiseMs = 30_000;

/** Names of served services that the answer to an unknown path lists: a status that outgrows its trailers. */
export const maxListedServices = 20;

/** Octets of requests that fragments of a stream wait for, unless the message ends before: slices of a few bytes. */
export const minSliceBytes = 4096;

/** Services that Health.List tells; more are RESOURCE_EXHAUSTED (gRFC A90): an answer that outgrows a message. */
export const maxHealthServices = 100;

/** Ready statuses that are remembered: instance names that change for ever. */
export const maxCachedStatuses = 1024;
/** The same of those with facts that a caller chooses, such as paths: a flood of calls to one path that is none. */
export const maxCachedChoices = 64;
/** Characters of the facts of a status that is remembered: memory. */
export const maxCachedFacts = 2048;

/** Characters of one fact in a status: a path of 16 KiB that comes back twice in the trailers. */
export const maxFactLength = 256;

/** Octets of a request message to a service of the router itself; it must fit a stream's window, since it is assembled. */
export const maxLocalMessageBytes: number = 16 * 1024;

/** Milliseconds without taking a byte after which a client has stopped reading, as far as a channel's full buffers go. */
export const slowClientMs = 1_000;

/** Milliseconds between two looks for such a client: a search through all calls with every frame. */
export const judgeSlowMs = 100;

/** Milliseconds without anything coming or going after which nobody is judged by the time before: this process may have stood still. */
export const pauseMs = 250;

/** What clients that do read may leave for a moment, in channel buffers: memory, when thousands of large answers come at once. */
export const busyBufferFactor = 8;

/**
 * Octets that the router keeps for one connection by default: heads, requests that wait or are kept for a second try,
 * replies that the client has not taken. Windows allow 160 KiB a call, so 1,024 calls that hold still pin 160 MiB
 * (CVE-2019-9511, CVE-2019-9517). A hundred calls with full windows fit.
 */
export const connectionMemoryBytes: number = 8 * 1024 * 1024;

/** Octets of these that may be heads: many calls with as much metadata as fits, which go no further (CVE-2026-49975). */
export const connectionHeaderBytes: number = 256 * 1024;

/** Octets by which the receive windows of all connections may grow by default, together: peers with long, fat paths that fill them and stop. */
export const windowBudgetBytes: number = 64 * 1024 * 1024;

/**
 * Share of a connection's memory to which its receive window may grow by measuring: uploads that an instance takes more
 * slowly than the network brings them wait here, and must leave room for new calls.
 */
export const grownWindowShare = 0.5;

/** Share of a connection's memory for heads that calls on an instance may keep for a second try; calls that wait for one need theirs. */
export const keptHeadShare = 0.5;

/**
 * Requests may not grow any more from so many times a connection's memory on: slow uploads, each below its window. What
 * a grown window lets come at once, 16 MiB, must fit.
 */
export const overfullFactor = 4;

/** Share of its unread replies that a client over its memory must take in a second: slow reading by drips. */
export const minTakenShare: number = 1 / 64;

/** Pressure of the process's memory from which no new call is taken: the process would be killed, and all calls with it. */
export const refusePressure = 0.98;

/** Tokens of all credentials: every registration is compared with each of them, so that time tells nothing. */
export const maxCredentialTokens = 1024;

/** Characters of a token that the router is given: guessing. */
export const minTokenLength = 16;

/** Characters of a token: a setting that cannot be sent, as metadata has 16 KiB. */
export const maxTokenLength = 4096;

/** Wrong tokens of one address at once: guessing. Many services of one process come with the same wrong token … */
export const maxFailedCredentials = 100;

/** … and per second after that: 2^28 guesses a year. */
export const maxFailedCredentialsPerSecond = 10;

/** Addresses whose wrong tokens are counted: memory, when each guess comes from another. */
export const maxFailedAddresses = 1024;

/** Attempts of one call by retries or hedges, the first included, whatever a policy says (gRFC A6): load times thousands. */
export const maxPolicyAttempts = 5;

/** Milliseconds between two counts of the healthy instances of a level: a search through all of them for each call. */
export const recountHealthMs = 100;

/** The last tier of instances, for those that say more: a list of one instance for each of a thousand tiers. Envoy's bound. */
export const lastTier = 128;

/** Entries of a ring of hashes (gRFC A42): memory, and a build that holds up all calls. */
export const maxRingEntries = 4096;

/** Slots of a ring or table that are looked at for one call: a long search for each call when all instances are full. */
export const maxWalkedSlots = 4096;

/** Candidates that are passed over in a schedule's order before it is searched: a search for each call when one is heavy and cannot take any. */
export const maxBlockedTurns = 8;

/** By how much open calls lengthen an instance's turn in a schedule at most: one that never gets another call. */
export const maxStretch = 1e6;

/** Weight by load reports as a multiple of their mean, at most and at least: an instance that reports next to no load gets all calls, or none. */
export const maxLoadWeightRatio = 10;
export const minLoadWeightRatio = 0.01;

/** Milliseconds between two computations of weights from load reports, at least (gRFC A58): a look at all instances for each call. */
export const minWeightUpdateMs = 100;

/** Keys that `sticky` remembers, in 2 MiB: memory, by keys that a client invents. A power of two. */
export const maxStickyKeys = 65_536;

/** Milliseconds for which calls with keys of an instance that has left fail, if they are to: keys of one that never comes back. */
export const lostInstanceMs = 60_000;

/** Instances that have left and are remembered for it: memory, by ids that come and go. */
export const maxLostInstances = 1024;

/** Share of its weight by which that of a new instance grows at least, before balancers hear of it: what they build of weights, for every one of them four times a second. */
export const minWeightStep = 0.01;

/** Sets of instance labels that metrics tell apart; those that come later are one set, `other`: an instance that invents labels with each registration, and with them memory here and in whatever stores the metrics. */
export const maxLabelSets = 64;

/** Distributions of attempts by method, status and set of labels, with 4 KiB each; above it the sets of a method are one, `other`: memory, when there are many of all three. */
export const maxLabelledSeries = 2048;

/** Instance labels by which metrics are told apart: their sets are the product of all their values. */
export const maxMetricLabels = 4;

/** Orders of operators that each service keeps for instances that are gone: a script that weighs short-lived ids. */
export const maxInstanceOrders = 1_024;

/** Events that are kept for those who look later: memory. A few hundred octets each. */
export const maxKeptEvents = 4_096;

/** Characters of an event's text and of each of its fields: peers choose some of them. */
export const maxEventTextChars = 512;

/** Live calls of one listing: an answer that a person can read and that one message can hold. */
export const maxListedCalls = 1_000;

/** Names that are compared with one that is not known, to say what may have been meant. */
export const maxComparedNames = 4_096;

/** Octets that hooks let go at most before those behind them have been taken: memory, by long messages made of short ones for a peer that does not read. */
export const hookAheadBytes: number = 64 * 1024;

/** Services that are learnt from instances; then a new one takes the place of one without instances: peers that invent names. */
export const maxLearntServices = 1_000;

/** Their methods together, of some 4 KiB each: memory, by services of as many methods as a hello may have. */
export const maxLearntMethods = 16_384;

/** Metrics by name that are kept of an instance's load report: a report as long as metadata may be has thousands. */
export const maxLoadMetrics = 64;
