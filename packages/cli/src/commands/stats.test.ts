// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { GetEngineStatsResponseSchema, GetPolicyStatsResponseSchema } from "@grpc-router/node";
import { describe, expect, it } from "vitest";
import { formatPolicyStats } from "./policy-stats-table.js";
import { formatStats } from "./stats-table.js";

const idle = {
  countedFor: { seconds: 7_500n },
  connectionsOpened: 1n,
  limits: [
    { name: "concurrentStreams", hits: 0n, value: 1_024n },
    { name: "peerResets", hits: 0n, value: 1_000n },
  ],
};
const busy = {
  ...idle,
  connectionsOpened: 12n,
  connectionsClosed: 10n,
  streamsOpened: 34_567n,
  streamsClosed: 34_560n,
  resetsSent: { REFUSED_STREAM: 3n },
  resetsReceived: { CANCEL: 1_001n },
  goawaysSent: { ENHANCE_YOUR_CALM: 1n, NO_ERROR: 2n },
  limits: [
    { name: "concurrentStreams", hits: 3n, value: 100n },
    { name: "peerResets", hits: 0n, value: 1_000n },
  ],
  listenerLimits: [{ name: "connectionsPerAddress", hits: 12n, value: 8_192n }],
  reasons: { NO_INSTANCE: 9n, MESSAGE_TOO_LARGE: 1n },
};

const stats = (init: MessageInitShape<typeof GetEngineStatsResponseSchema>, all = false) =>
  formatStats(create(GetEngineStatsResponseSchema, init), all);

describe("formatStats()", () => {
  it("writes tables", () => {
    expect(stats(busy)).toBe(`Since the start 2h 5m ago:

             OPEN  OPENED  CLOSED
connections  2     12      10
streams      7     34567   34560

CODE               RST_STREAM SENT  RECEIVED  GOAWAY SENT  RECEIVED
CANCEL             0                1001      0            0
ENHANCE_YOUR_CALM  0                0         1            0
NO_ERROR           0                0         2            0
REFUSED_STREAM     3                0         0            0

LIMIT                  HITS  VALUE
concurrentStreams      3     100
connectionsPerAddress  12    8192

REASON             COUNT
MESSAGE_TOO_LARGE  1
NO_INSTANCE        9
`);
  });

  it("says that nothing happened", () => {
    expect(stats(idle)).toMatch(/\nNo stream was reset, no GOAWAY was sent\.\n\nNo limit was hit\.\n$/);
  });

  it("lists every limit when asked to", () => {
    expect(stats(idle, true)).toMatch(
      /\nLIMIT {14}HITS {2}VALUE\nconcurrentStreams {2}0 {5}1024\npeerResets {9}0 {5}1000\n$/,
    );
  });
});

describe("formatPolicyStats()", () => {
  const quiet = {
    retriesRefused: { attemptsUsed: 0n },
    breakers: { opened: 0n },
    services: [{ service: "acme.A", instances: 2 }],
  };

  it("says nothing where policies did nothing, unless asked to", () => {
    const message = create(GetPolicyStatsResponseSchema, quiet);
    expect(formatPolicyStats(message, false)).toBe("");
    expect(formatPolicyStats(message, true)).toMatch(/retries refused: attempts used +0\n/);
  });

  it("writes what they did and hold", () => {
    const message = create(GetPolicyStatsResponseSchema, {
      ...quiet,
      retries: 4n,
      retriesRefused: { attemptsUsed: 2n, budget: 0n },
      fallbacksReplied: 1n,
      ejections: { successRate: 1n },
      services: [...quiet.services, { service: "acme.B", retryTokens: 9.25, underWay: 3, instances: 4, ejected: 1 }],
    });
    expect(formatPolicyStats(message, false)).toBe(`
POLICY                          COUNT
retries                         4
retries refused: attempts used  2
fallbacks: own reply            1
ejections: success rate         1

SERVICE  EXTRA ATTEMPTS  RETRY TOKENS  LIMITED CALLS  INSTANCES  EJECTED
acme.B   0               9.3           3              4          1
`);
  });
});
