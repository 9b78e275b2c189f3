// SPDX-License-Identifier: Apache-2.0
import type { Load, SpecialLoad } from "../load/load.ts";
import type { PeerName, PeerSpec } from "../peers/peer.ts";
import { manyMethods } from "../processes/many-service.ts";
import type { CpuCase, CpuEntry, InstructionsCase } from "./bench-case.ts";

type Shape = readonly [connections: number, streams: number];

const shapes: readonly Shape[] = [
  [10, 50],
  [1, 1],
  [100, 10],
  [100, 1],
];
const proxies: readonly PeerName[] = ["router", "haproxy", "nginx", "envoy", "grpc-go-proxy"];
/** With the floor, where connections and batches are the router's: elsewhere it joins what the relay keeps apart. */
const withFloor: readonly PeerName[] = [...proxies, "relay"];
const main: readonly PeerName[] = ["router", "haproxy", "envoy"];
const servers: readonly PeerName[] = ["grpc-js", "connect-node", "grpc-go"];

/** Unary calls in a closed loop, by size and shape. */
const sized: readonly CpuCase[] = [
  ...shapes.map((shape) => unary("7b", "7 B", 7, shape, [...floorAt(shape), ...servers])),
  ...shapes.map((shape) => unary("1kib", "1 KiB", 1_024, shape, floorAt(shape))),
  ...(
    [
      [10, 10],
      [1, 1],
      [100, 1],
    ] as const
  ).map((shape) => unary("64kib", "64 KiB", 65_536, shape, floorAt(shape))),
  ...(
    [
      [10, 2],
      [1, 1],
    ] as const
  ).map((shape) => unary("1mib", "1 MiB", 1_048_576, shape, floorAt(shape))),
];

/** What calls bring along, and what becomes of them. */
const special: readonly CpuCase[] = [
  specialCase("changing-10x50", "7 B, another timeout and trace id in every call", [10, 50], { changing: true }),
  specialCase("metadata-5-10x50", "7 B, 5 metadata entries", [10, 50], { metadata: 5 }),
  specialCase("metadata-30-10x50", "7 B, 30 metadata entries", [10, 50], { metadata: 30 }),
  specialCase("cancel-10x50", "7 B, 10 % of the calls cancelled", [10, 50], { cancel: 0.1 }),
  specialCase("churn-10", "7 B, a connection for every call, 10 at once", [10, 1], { churn: true }),
];

/** Streams; a unit is a message. */
const streams: readonly CpuCase[] = [
  streamCase("thin-1x4", "100 B server messages, one per stream and tick", [1, 4], {
    kind: "server",
    messages: 1_000,
    thin: true,
  }),
  streamCase("thin-10x20", "100 B server messages, one per stream and tick", [10, 20], {
    kind: "server",
    messages: 200,
    thin: true,
  }),
  streamCase("bursts-1x4", "100 B server messages in bursts", [1, 4], { kind: "server", messages: 10_000 }),
  streamCase("bidi-10x10", "100 B ping-pong", [10, 10], { kind: "bidi", messages: 200 }, 100),
  streamCase("client-10x10", "100 B client messages in bursts", [10, 10], { kind: "client", messages: 1_000 }, 100),
];

const tls: readonly CpuCase[] = shapes.map(([connections, of]) => ({
  kind: "cpu",
  id: `tls-7b-${connections}x${of}`,
  title: `7 B unary over TLS on both sides, ${connections} × ${of}`,
  unit: "call",
  entries: (["router", "haproxy", "nginx", "envoy"] as const).map((name) => ({
    label: name,
    peer: { name, tls: true },
    load: { connections, streams: of },
  })),
}));

/** A router that is set up as said. */
interface OwnRouter {
  readonly label: string;
  readonly peer: Omit<PeerSpec, "name">;
}

/** A case of unary calls at 10 × 50, and the same at 1 × 1: routers that are set up as said, the first beside the others. */
function ownCases(id: string, title: string, routers: readonly OwnRouter[], fresh = false): readonly CpuCase[] {
  const loads = [
    [10, 50],
    [1, 1],
  ] as const;
  return loads.map(([connections, streams]) => ({
    kind: "cpu",
    id: `${id}-${connections}x${streams}`,
    title: `7 B unary, ${title}, ${connections} × ${streams}`,
    unit: "call",
    fresh,
    entries: ownEntries(routers, { connections, streams }),
  }));
}

const traced: OwnRouter = { label: "router", peer: { features: "traced" } };
const unobserved: OwnRouter = { label: "router, unobserved", peer: { features: "unobserved" } };

/** The router beside itself, set up otherwise. */
const own: readonly CpuCase[] = [
  ...ownCases(
    "features",
    "default features beside none",
    [
      { label: "router", peer: { features: "on" } },
      { label: "router, all off", peer: { features: "off" } },
    ],
    true,
  ),
  ...ownCases("observed", "metrics and traces of 1 % beside neither", [traced, unobserved], true),
  ...ownCases("instances", "1, 3 and 100 instances", [
    { label: "1 instance", peer: {} },
    { label: "3 instances", peer: { instances: 3 } },
    { label: "100 instances", peer: { instances: 100 } },
  ]),
  {
    kind: "cpu",
    id: "methods-10x50",
    title: "7 B unary, 1 method and 1,000 in turn, 10 × 50",
    unit: "call",
    entries: [
      // Both by the same program: what differs is the path, which a client's table cannot hold a thousand of.
      { label: "router, 1 method", peer: { name: "router" }, load: special1({}) },
      {
        label: "router, 1,000 methods",
        peer: { name: "router", services: ["many"] },
        load: special1({ methods: manyMethods }),
      },
      { label: "haproxy, 1 method", peer: { name: "haproxy" }, load: special1({}) },
      { label: "haproxy, 1,000 methods", peer: { name: "haproxy" }, load: special1({ methods: manyMethods }) },
    ],
  },
  ...(
    [
      [10, 50],
      [1, 1],
    ] as const
  ).map(
    ([connections, of]): CpuCase => ({
      kind: "cpu",
      id: `bridge-${connections}x${of}`,
      title: `7 B unary, a service instance beside servers, ${connections} × ${of}`,
      unit: "call",
      entries: entriesOf(["bridge", "router+bridge", ...servers], { connections, streams: of }),
    }),
  ),
];

/** What CPU time does not tell for sure: luck of compilers and neighbours on the machine move it by as much. */
export const instructionsCase: InstructionsCase = {
  kind: "instructions",
  id: "observed-instructions",
  title: "7 B unary, metrics and traces of 1 % beside neither, 10 × 50",
  entries: ownEntries([traced, unobserved], { connections: 10, streams: 50 }),
};

/** Everything that measures CPU per call, in the order of a run. */
export const cpuCases: readonly CpuCase[] = [...sized, ...special, ...streams, ...own, ...tls];

function unary(id: string, size: string, payloadBytes: number, shape: Shape, names: readonly PeerName[]): CpuCase {
  const [connections, of] = shape;
  const name = `${id}-${connections}x${of}`;
  return {
    kind: "cpu",
    id: name,
    title: `${size} unary, ${connections} × ${of}`,
    unit: "call",
    quick: name === "7b-10x50" || name === "7b-1x1",
    entries: entriesOf(names, { connections, streams: of, payloadBytes }),
  };
}

function specialCase(id: string, title: string, [connections, of]: Shape, load: SpecialLoad): CpuCase {
  const entries = entriesOf(main, { connections, streams: of, special: load });
  return { kind: "cpu", id, title: `${title}, ${connections} × ${of}`, unit: "call", entries };
}

function streamCase(id: string, title: string, shape: Shape, load: SpecialLoad, bytes = 7): CpuCase {
  const [connections, of] = shape;
  const entries = entriesOf(floorAt(shape), { connections, streams: of, payloadBytes: bytes, special: load });
  return { kind: "cpu", id, title: `${title}, ${connections} × ${of}`, unit: "message", entries };
}

function floorAt([connections]: Shape): readonly PeerName[] {
  return connections === 1 ? withFloor : proxies;
}

function special1(load: SpecialLoad): Load {
  return { connections: 10, streams: 50, special: load };
}

function ownEntries(routers: readonly OwnRouter[], load: Load): CpuEntry[] {
  return routers.map(({ label, peer }) => ({ label, peer: { name: "router", ...peer }, load }));
}

function entriesOf(names: readonly PeerName[], load: Load): CpuEntry[] {
  return names.map((name) => ({ label: name, peer: { name }, load }));
}
