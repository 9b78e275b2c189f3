// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type AttackContext, defineAttack } from "../attack.ts";
import { Path } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";

interface Size {
  /** Connections that are opened in all. */
  readonly connections: number;
  /** Over how many milliseconds. */
  readonly withinMs: number;
  /** What the router lets one address have, and all together. */
  readonly perAddress: number;
  readonly all: number;
  /** Milliseconds that a connection without a preface may stand. */
  readonly prefaceMs: number;
}

/** Addresses of this machine to come from, so that the limit for all is reached, too. */
const addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
/** Connections of the suite itself: victim and instances. */
const own = 8;
/** Milliseconds in which a connection that is too many must be closed. */
const refusedWithinMs = 1_000;
/** Share of the connections whose end this process may notice late: it has little time of its own. */
const noticedLate = 0.01;

const quick: Size = { connections: 2_400, withinMs: 2_000, perAddress: 600, all: 1_500, prefaceMs: 3_000 };
const full: Size = { connections: 19_000, withinMs: 55_000, perAddress: 8_192, all: 16_384, prefaceMs: 58_000 };

/**
 * A flood of connections that say nothing, from a few addresses: those beyond the limits of an address and of all are closed
 * at once, the others when their preface does not come. The full form opens as many as a process may with 20,000 descriptors
 * in a minute; the time for the preface is that long, too, so that they pile up to the limits.
 */
export const attack = defineAttack<Size>({
  id: "A28",
  name: "Connection flood",
  cves: [],
  sizes: { quick, full },
  settings: {
    quick: {
      connections: { limits: { prefaceMs: quick.prefaceMs } },
      listener: { connections: quick.all, connectionsPerAddress: quick.perAddress },
    },
    full: { connections: { limits: { prefaceMs: full.prefaceMs } } },
  },
  limits: ["connections", "connectionsPerAddress", "prefaceMs"],
  repeats: false,
  async run(context, size) {
    const before = context.residentBytes();
    const flood = await openFlood(context, size);
    await context.sleep(refusedWithinMs);
    const open = flood.filter(({ endedMs }) => Number.isNaN(endedMs)).length;
    const refused = flood.filter(wasRefused).length;
    const heldBytes = (context.residentBytes() - before) / Math.max(1, open);
    context.check("no more stay than the limits let in", open <= size.all, open);
    const lingered = flood.filter((idle) => hasLingered(idle, size.prefaceMs)).length;
    context.check("the others are closed at once", lingered <= size.connections * noticedLate, lingered);
    const gone = await context.until(
      () => flood.every(({ endedMs }) => !Number.isNaN(endedMs)),
      size.prefaceMs + 3_000,
    );
    const left = flood.filter(({ endedMs }) => Number.isNaN(endedMs)).length;
    context.check("who says nothing is closed when the time for the preface is over", gone, left);
    for (const { socket } of flood) socket.destroy();
    const held = `${open} held at ${(heldBytes / 1024).toFixed(1)} KiB each, ${refused} closed at once`;
    return `${size.connections} connections in ${size.withinMs / 1_000} s: ${held}, ${left} left after ${size.prefaceMs / 1_000} s`;
  },
  async counter(context, { perAddress }) {
    const count = Math.min(500, perAddress - own);
    return await manyClients(context, count);
  },
});

/** A connection of the flood; times in milliseconds, as this process sees them, NaN until then. */
interface Idle {
  readonly socket: Socket;
  openedMs: number;
  endedMs: number;
}

/** Reset before it stood, or closed soon after: not from the call to connect, for this process has little time, too. */
function wasRefused({ openedMs, endedMs }: Idle): boolean {
  return !Number.isNaN(endedMs) && (Number.isNaN(openedMs) || endedMs - openedMs < refusedWithinMs);
}

/** Closed neither at once nor for want of a preface: what is too many was held. */
function hasLingered({ openedMs, endedMs }: Idle, prefaceMs: number): boolean {
  const lastedMs = endedMs - openedMs;
  return lastedMs >= refusedWithinMs && lastedMs < prefaceMs - refusedWithinMs;
}

/** Half of all come from the first address, the others from the two others. */
async function openFlood(context: AttackContext, { connections, withinMs }: Size): Promise<Idle[]> {
  const startedMs = performance.now();
  const flood: Idle[] = [];
  for (let index = 0; index < connections; index++) {
    const localAddress = addresses[index % 2 === 0 ? 0 : 1 + ((index >> 1) % 2)];
    const socket = connect({ ...context.address, localAddress });
    const idle: Idle = { socket, openedMs: Number.NaN, endedMs: Number.NaN };
    const end = () => {
      if (Number.isNaN(idle.endedMs)) idle.endedMs = performance.now();
    };
    socket.once("connect", () => {
      idle.openedMs = performance.now();
    });
    socket.on("error", end).once("end", end).once("close", end).resume();
    flood.push(idle);
    const dueMs = startedMs + (withinMs * index) / connections;
    if (index % 20 === 0) await context.sleep(Math.max(1, dueMs - performance.now()));
  }
  return flood;
}

/** As many clients as one address may have, each with a call. */
async function manyClients(context: AttackContext, count: number): Promise<string> {
  const clients = [];
  let good = 0;
  for (let index = 0; index < count; index++) clients.push(await context.client());
  for (const client of clients) if (isOk(await client.call({ path: Path.echo }))) good++;
  context.check("as many clients as one address may have are served", good === count, good);
  for (const client of clients) client.close();
  await Promise.all(clients.map(({ connection: { socket } }) => socket.closed || once(socket, "close")));
  return `${good} of ${count} clients of one address served`;
}
