// SPDX-License-Identifier: Apache-2.0
import { RawType, rawFrame } from "@grpc-router/testing/raw-http2";
import type { RawConnection } from "./raw-connection.ts";

/** HEADERS without END_HEADERS: CONTINUATION must follow. */
export function openBlock(streamId: number, block: Uint8Array): Uint8Array {
  return rawFrame(RawType.headers, block, { streamId });
}

/** Sends such HEADERS for stream 1, once the target's SETTINGS are acknowledged: nothing may come between. */
export async function beginBlock(connection: RawConnection, block: Uint8Array): Promise<void> {
  await connection.until(() => connection.count(RawType.settings) > 0, 2_000);
  connection.send(openBlock(1, block));
}
