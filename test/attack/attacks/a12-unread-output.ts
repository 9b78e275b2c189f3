// SPDX-License-Identifier: Apache-2.0
import { RawSetting, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { download } from "../raw/held-call.ts";
import type { RawConnection } from "../raw/raw-connection.ts";

const mib = 1024 * 1024;
const maxWindow = 0x7fffffff;
const defaultWindow = 65_535;
const reportBytes = 16_384;
/** What the router may hold for a connection that does not read: its output buffer, and as much that is on its way to it. */
const mostBytes = 2 * mib;
/** Octets that a slow but honest reader takes in a turn of `turnMs`. */
const turnMs = 20;

/**
 * Unread output: the HTTP/2 windows are wide open, but nobody reads from TCP, or only dribbles, so that the answers would have to
 * be kept in the target. The router stops taking them from the instance.
 */
export const attack = defineAttack<{ connections: number; gigabytes: number; waitMs: number }>({
  id: "A12",
  name: "Unread output",
  cves: ["CVE-2019-9511", "CVE-2019-9517"],
  sizes: {
    quick: { connections: 4, gigabytes: 1, waitMs: 3_000 },
    full: { connections: 10, gigabytes: 1, waitMs: 25_000 },
  },
  repeats: false,
  async run(context, { connections, gigabytes, waitMs }) {
    const opened = await context.openMany(connections, wide);
    for (const [index, connection] of opened.entries()) {
      await connection.stopReading();
      ask(connection, (gigabytes * 1024 * mib) / reportBytes);
      // Half of them read nothing, the others a little now and then.
      if (index % 2 === 1) void dribble(context, connection);
    }
    await context.sleep(waitMs);
    const perConnection = (await context.grownBytes()) / connections;
    context.check("a connection takes at most 2 MiB", perConnection <= mostBytes, Math.round(perConnection));
    const { running } = await context.instance();
    return `${(perConnection / mib).toFixed(1)} MiB a connection at most; ${running} of ${connections} calls wait`;
  },
  async counter(context) {
    const connection = await context.open(wide);
    const wanted = 4 * mib;
    ask(connection, wanted / reportBytes);
    // 64 KiB at a time, some 3 MiB a second.
    while (connection.dataBytes < wanted && !connection.over) {
      const before = connection.dataBytes;
      connection.setReading(true);
      await connection.until(() => connection.dataBytes > before, 2_000);
      connection.setReading(false);
      await context.sleep(turnMs);
    }
    const whole = connection.dataBytes >= wanted;
    context.check("a slow reader gets everything", whole && !connection.over, connection.dataBytes);
    return `a slow reader gets ${(connection.dataBytes / mib).toFixed(1)} of ${wanted / mib} MiB`;
  },
});

const wide = { settings: [[RawSetting.initialWindowSize, maxWindow]] } as const;

function ask(connection: RawConnection, reports: number): void {
  connection.send(rawWindowUpdate(0, maxWindow - defaultWindow), download(1, reports, reportBytes));
}

/** Reads one chunk, then pauses, while the connection lasts. */
async function dribble(context: AttackContext, connection: RawConnection): Promise<void> {
  while (!connection.over && !connection.socket.destroyed) {
    const before = connection.receivedBytes;
    connection.setReading(true);
    await connection.until(() => connection.receivedBytes > before, 1_000);
    connection.setReading(false);
    await context.sleep(500);
  }
}
