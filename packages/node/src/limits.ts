// SPDX-License-Identifier: Apache-2.0

/** Octets of the one read buffer of a thread; larger ones gain nothing (a socket read returns at most this much). */
export const READ_BUFFER_BYTES = 65_536;

/** Connections the kernel may hold before they are accepted; a small backlog drops SYNs when thousands reconnect at once. */
export const LISTEN_BACKLOG = 4_096;

/** Milliseconds for a TLS handshake: peers that connect and never speak would hold a socket each. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Milliseconds for name look-up, TCP connect and TLS handshake together: a blackholed address would block reconnecting. */
export const DIAL_TIMEOUT_MS = 10_000;

/** Milliseconds of silence before TCP keep-alive probes: finds peers that vanished without a FIN and would hold memory for ever. */
export const KEEP_ALIVE_DELAY_MS = 60_000;

/** Milliseconds between `close()` and destroying sockets whose last bytes the peer does not take. */
export const CLOSE_GRACE_MS = 1_000;

/** Octets of an admin request's body: the admin listener answers questions of a few bytes. */
export const ADMIN_REQUEST_BYTES = 65_536;

/** Octets of one value in a console line; a peer's text must not flood the log. */
export const LOG_VALUE_CHARS = 512;
