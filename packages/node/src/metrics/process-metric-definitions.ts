// SPDX-License-Identifier: Apache-2.0

import type { MetricDefinition } from "@grpc-router/runtime";

/** Metrics of the listener. */
export const listenerMetrics = {
  connections: {
    name: "grpcrouter.connections",
    type: "gauge",
    unit: "{connection}",
    labels: [],
    description: "Connections that are open, those in a TLS handshake and those being refused included.",
  },
  accepted: {
    name: "grpcrouter.connections.accepted",
    type: "counter",
    unit: "{connection}",
    labels: [],
    description: "Connections that were let in.",
  },
  io: {
    name: "grpcrouter.io",
    type: "counter",
    unit: "By",
    labels: ["grpcrouter.direction"],
    description: "Bytes that sockets received and sent, with TLS and HTTP/2.",
  },
  handshakes: {
    name: "grpcrouter.tls.handshakes",
    type: "gauge",
    unit: "{handshake}",
    labels: [],
    description: "TLS handshakes under way.",
  },
  handshakesFailed: {
    name: "grpcrouter.tls.handshakes.failed",
    type: "counter",
    unit: "{handshake}",
    labels: [],
    description: "TLS handshakes that failed, those that took too long included.",
  },
  certificateExpiry: {
    name: "grpcrouter.certificate.expiry_timestamp",
    type: "gauge",
    unit: "s",
    labels: ["grpcrouter.listener", "grpcrouter.certificate"],
    description:
      "When certificates of a listener (client, registration, admin) end, in seconds since 1970: the first of its chain, of each name's (names.users.example), and of its authorities.",
  },
  foreignPeers: {
    name: "grpcrouter.connections.foreign",
    type: "counter",
    unit: "{connection}",
    labels: [],
    description: "Peers of other protocols, which were refused.",
  },
  limitHits: {
    name: "grpcrouter.listener.limit.hits",
    type: "counter",
    unit: "{hit}",
    labels: ["grpcrouter.limit"],
    description: "How often each limit of the listener acted; memory: connections that were closed as it is used up.",
  },
  memoryPressure: {
    name: "grpcrouter.memory.pressure",
    type: "gauge",
    unit: "1",
    labels: [],
    description: "Share of the memory budget that is in use: from 0.95 on connections are refused, from 0.98 on calls.",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of the process: by the semantic conventions of OpenTelemetry, where they name them. */
export const processMetrics = {
  build: {
    name: "grpcrouter.build",
    type: "gauge",
    unit: "{build}",
    labels: ["grpcrouter.version", "process.runtime.version"],
    description: "Always 1: the versions of the router and of Node.js are its labels.",
  },
  cpuTime: {
    name: "process.cpu.time",
    type: "counter",
    unit: "s",
    labels: ["cpu.mode"],
    description: "CPU time of the process: user, system.",
  },
  memory: {
    name: "process.memory.usage",
    type: "gauge",
    unit: "By",
    labels: [],
    description: "Resident memory of the process.",
  },
  uptime: {
    name: "process.uptime",
    type: "gauge",
    unit: "s",
    labels: [],
    description: "Time since the process began.",
  },
  heapUsed: {
    name: "v8js.memory.heap.used",
    type: "gauge",
    unit: "By",
    labels: ["v8js.heap.space.name"],
    description: "JavaScript objects, by space of the heap.",
  },
  heapLimit: {
    name: "grpcrouter.heap.limit",
    type: "gauge",
    unit: "By",
    labels: [],
    description: "What the JavaScript heap may grow to.",
  },
  eventLoopTime: {
    name: "nodejs.eventloop.time",
    type: "counter",
    unit: "s",
    labels: ["nodejs.eventloop.state"],
    description: "Time of the event loop: active, idle. A share of active near 1 is a router at its limit.",
  },
  eventLoopDelay: {
    name: "grpcrouter.event_loop.delay",
    type: "histogram",
    unit: "s",
    labels: [],
    description: "How late timers are, looked at ten times a second: the time for which everything else stood still.",
    bounds: { firstExponent: -10, lastExponent: 3 },
  },
  accessLogDropped: {
    name: "grpcrouter.access_log.dropped_lines",
    type: "counter",
    unit: "{line}",
    labels: [],
    description: "Lines of access logs that were dropped, because the disk did not take them in time.",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
