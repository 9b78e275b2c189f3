// SPDX-License-Identifier: Apache-2.0

import type { Listener } from "./listener.js";
import type { ListenerStats } from "./listener-stats.js";

/**
 * Two listeners as one: what they count together; they stop together. Address and certificates are those of the first.
 */
export function joinListeners(first: Listener, second: Listener): Listener {
  return {
    address: first.address,
    stats: () => sum(first.stats(), second.stats()),
    useCertificates: (tls) => first.useCertificates(tls),
    stop: async () => {
      await Promise.all([first.stop(), second.stop()]);
    },
    handshakesEnd: async (withinMs) => {
      await Promise.all([first.handshakesEnd(withinMs), second.handshakesEnd(withinMs)]);
    },
    destroyConnections: () => {
      first.destroyConnections();
      second.destroyConnections();
    },
  };
}

function sum(a: ListenerStats, b: ListenerStats): ListenerStats {
  return {
    connections: a.connections + b.connections,
    handshakes: a.handshakes + b.handshakes,
    accepted: a.accepted + b.accepted,
    handshakesFailed: a.handshakesFailed + b.handshakesFailed,
    foreignPeers: a.foreignPeers + b.foreignPeers,
    renegotiations: a.renegotiations + b.renegotiations,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    bytesSent: a.bytesSent + b.bytesSent,
    memoryPressure: Math.max(a.memoryPressure, b.memoryPressure),
    limitHits: {
      connections: a.limitHits.connections + b.limitHits.connections,
      connectionsPerAddress: a.limitHits.connectionsPerAddress + b.limitHits.connectionsPerAddress,
      handshakeMs: a.limitHits.handshakeMs + b.limitHits.handshakeMs,
      tlsOverheadBytes: a.limitHits.tlsOverheadBytes + b.limitHits.tlsOverheadBytes,
      memory: a.limitHits.memory + b.limitHits.memory,
    },
  };
}
