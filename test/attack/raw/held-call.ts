// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { holdOrder, Path, requestHeaders, watchOrder } from "./orders.ts";

/** A whole call that the instance holds until it is cancelled: HEADERS and DATA with END_STREAM. */
export function heldCall(streamId: number): Uint8Array {
  return joinBytes(requestHeaders(streamId, Path.run), rawData(streamId, rawMessage(holdOrder), true));
}

/** A whole call that is answered with `reports` messages of `reportBytes` octets. */
export function download(streamId: number, reports: number, reportBytes: number): Uint8Array {
  const body = rawMessage(watchOrder(reports, reportBytes));
  return joinBytes(requestHeaders(streamId, Path.watch), rawData(streamId, body, true));
}
