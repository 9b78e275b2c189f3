// SPDX-License-Identifier: Apache-2.0
import { RawFlag, RawType, rawPing } from "@grpc-router/testing/raw-http2";
import type { RawConnection } from "./raw-connection.ts";

/** Sends PING and waits for the answer: everything before it has been looked at. False: the connection is over or says nothing. */
export async function isAlive(connection: RawConnection, withinMs = 5_000): Promise<boolean> {
  const answers = () =>
    connection.frames.filter(({ type, flags }) => type === RawType.ping && (flags & RawFlag.ack) !== 0);
  const before = answers().length;
  connection.send(rawPing());
  return await connection.until(() => answers().length > before, withinMs);
}
