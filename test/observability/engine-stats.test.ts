// SPDX-License-Identifier: Apache-2.0
// A router as a process of its own, an attacker that hits one limit, and the admin API that tells of exactly that.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService, type GetEngineStatsResponse } from "@grpc-router/node";
import {
  RawType,
  rawFrame,
  rawHeaders,
  rawLiterals,
  rawPing,
  rawPreface,
  rawReset,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectRawSocket, type RawSocket } from "../harness/raw-socket.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";

const limits = { concurrentStreams: 2, peerResets: 3, continuationFrames: 4, headerFields: 20 };
/** A call of the router's own that stays open. */
const watch = rawLiterals(requestFields("/grpc.health.v1.Health/Watch"));

interface Attack {
  readonly limit: string;
  readonly what: string;
  readonly input: readonly Uint8Array[];
  /** The router's last word of it. */
  isOver(peer: RawSocket): boolean;
  /** What else of the answer has changed, beside one hit of the limit. */
  readonly counted: object;
}

const closed = (code: number) => (peer: RawSocket) => peer.goawayCode === code && peer.over !== undefined;
const attacks: readonly Attack[] = [
  {
    limit: "pingStrikes",
    what: "PING without need",
    input: [rawPing(), rawPing(), rawPing(), rawPing()],
    isOver: closed(11),
    counted: { goawaysSent: { ENHANCE_YOUR_CALM: 1 }, connectionsClosed: 1 },
  },
  {
    limit: "continuationFrames",
    what: "a CONTINUATION flood",
    input: [
      rawFrame(RawType.headers, watch, { streamId: 1 }),
      ...Array.from({ length: 5 }, () => rawFrame(RawType.continuation, [], { streamId: 1 })),
    ],
    isOver: closed(11),
    counted: { goawaysSent: { ENHANCE_YOUR_CALM: 1 }, connectionsClosed: 1 },
  },
  {
    limit: "peerResets",
    what: "rapid reset",
    input: [1, 3, 5, 7].flatMap((id) => [rawHeaders(id, watch), rawReset(id, 8)]),
    isOver: closed(11),
    counted: {
      goawaysSent: { ENHANCE_YOUR_CALM: 1 },
      resetsReceived: { CANCEL: 4 },
      streamsOpened: 4,
      streamsClosed: 4,
      connectionsClosed: 1,
    },
  },
  {
    limit: "headerFields",
    what: "a request of many fields, which gets 431",
    input: [
      rawHeaders(
        1,
        rawLiterals([...requestFields("/a.B/C"), ...Array.from({ length: 20 }, () => ["a", "b"] as const)]),
        true,
      ),
    ],
    isOver: (peer) => peer.blocksOf(1).length > 0,
    counted: {},
  },
  {
    limit: "concurrentStreams",
    what: "a stream too many, which is refused",
    input: [1, 3, 5].map((id) => rawHeaders(id, watch)),
    isOver: (peer) => peer.resetCode(5) === 7,
    counted: { resetsSent: { REFUSED_STREAM: 1 }, streamsOpened: 2 },
  },
];

let router: RouterProcess;
beforeAll(async () => {
  router = await startRouter({ admin: true, connections: { limits } });
});
afterAll(() => router.stop());

test.each(attacks)("$what hits $limit and nothing else", async ({ limit, input, isOver, counted }) => {
  const before = await ask();
  const peer = await connectRawSocket(router);
  peer.send(rawPreface, rawSettings(), rawSettingsAck, ...input);
  await peer.until(() => isOver(peer), "the router's reaction");
  const after = await ask();
  peer.close();
  expect(changeOf(before, after)).toEqual({ connectionsOpened: 1, limits: { [limit]: 1 }, ...counted });
  expect(after.limits.find(({ name }) => name === limit)?.value).toBe(
    BigInt(limits[limit as keyof typeof limits] ?? 2),
  );
  // The last attacker, whose connection lived on, is gone before the next one comes.
  const open = ({ connectionsOpened, connectionsClosed }: GetEngineStatsResponse) =>
    connectionsOpened - connectionsClosed;
  await expect.poll(async () => open(await ask())).toBe(0n);
});

async function ask(): Promise<GetEngineStatsResponse> {
  const transport = createConnectTransport({ baseUrl: router.adminUrl, httpVersion: "1.1" });
  return await createClient(AdminService, transport).getEngineStats({});
}

/** What the second answer has beyond the first, without zeros. */
function changeOf(before: GetEngineStatsResponse, after: GetEngineStatsResponse): Record<string, unknown> {
  const change: Record<string, unknown> = {};
  for (const name of ["connectionsOpened", "connectionsClosed", "streamsOpened", "streamsClosed"] as const) {
    if (after[name] !== before[name]) change[name] = Number(after[name] - before[name]);
  }
  for (const name of ["resetsSent", "resetsReceived", "goawaysSent", "goawaysReceived"] as const) {
    const codes = differences(Object.entries(after[name]), (code) => before[name][code] ?? 0n);
    if (Object.keys(codes).length > 0) change[name] = codes;
  }
  const hitsBefore = new Map(before.limits.map(({ name, hits }) => [name, hits]));
  const hits = after.limits.map(({ name, hits }) => [name, hits] as const);
  change.limits = differences(hits, (name) => hitsBefore.get(name) ?? 0n);
  return change;
}

function differences(
  counts: readonly (readonly [name: string, count: bigint])[],
  before: (name: string) => bigint,
): Record<string, number> {
  const changed = counts.filter(([name, count]) => count !== before(name));
  return Object.fromEntries(changed.map(([name, count]) => [name, Number(count - before(name))]));
}
