// SPDX-License-Identifier: Apache-2.0
import type { RawConnection } from "./raw-connection.ts";

/** The same bytes `times` over. */
export function repeatBytes(bytes: Uint8Array, times: number): Uint8Array {
  const repeated = new Uint8Array(bytes.length * times);
  for (let at = 0; at < repeated.length; at += bytes.length) repeated.set(bytes, at);
  return repeated;
}

/** Sends `frame` up to `count` times, `atOnce` in a write; returns how many the target's system took before it ended the connection. */
export async function floodWith(
  connection: RawConnection,
  { frame, count, atOnce = 1_000 }: { readonly frame: Uint8Array; readonly count: number; readonly atOnce?: number },
): Promise<number> {
  const chunk = repeatBytes(frame, atOnce);
  let sent = 0;
  // A look at what came, too: who has been told to go need not be flooded to his end.
  while (sent < count && connection.goaway === undefined && (await connection.push(chunk))) {
    sent += atOnce;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}
