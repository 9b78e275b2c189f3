// SPDX-License-Identifier: Apache-2.0
import type { BenchCase, LatencyCase, MemoryCase } from "./bench-case.ts";
import { cpuCases, instructionsCase } from "./cpu-cases.ts";

const latency: LatencyCase = {
  kind: "latency",
  id: "latency",
  title: "latency of 7 B unary calls that begin at a fixed rate, on 10 connections",
  peers: ["router", "haproxy", "nginx", "envoy", "grpc-go-proxy"],
  connections: 10,
  shares: [0.2, 0.5, 0.8],
};

const memory: readonly MemoryCase[] = [
  {
    kind: "memory",
    id: "memory-connections",
    title: "memory per idle client connection",
    holds: "connections",
    peers: ["router", "haproxy", "nginx", "envoy", "grpc-go-proxy", "grpc-js", "connect-node"],
    count: 5_000,
  },
  {
    kind: "memory",
    id: "memory-channels",
    title: "memory per idle instance channel",
    holds: "channels",
    peers: ["router"],
    count: 10_000,
  },
  {
    kind: "memory",
    id: "memory-calls",
    title: "memory per call in flight",
    holds: "calls",
    peers: ["router", "haproxy", "nginx", "envoy", "grpc-go-proxy"],
    count: 10_000,
  },
  {
    kind: "memory",
    id: "memory-64mib",
    title: "peak of memory under messages of 64 MiB, one at a time",
    holds: "large-messages",
    peers: ["router", "haproxy", "nginx", "envoy", "grpc-go-proxy"],
    count: 3,
  },
];

/** Everything that the bench measures, in the order of a run. */
export const cases: readonly BenchCase[] = [
  ...cpuCases,
  instructionsCase,
  latency,
  { kind: "cross-check", id: "cross-check", title: "our load program beside ghz", rate: 2_000 },
  {
    kind: "garbage",
    id: "garbage",
    title: "bytes allocated per 7 B unary call, 10 × 50",
    load: { connections: 10, streams: 50 },
  },
  ...memory,
  {
    kind: "profile",
    id: "profile",
    title: "where the time goes, 7 B unary, 10 × 50",
    load: { connections: 10, streams: 50 },
  },
];
