// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, END_TRAILERS_NUMBER, MetadataCursor, type ReplyHeadView } from "@grpc-router/protocol";
import { readOrcaReport, withReport } from "../balance/load-report.js";
import type { Channel } from "../channel/channel.js";
import { asciiBytes } from "./ascii.js";

const reportName = asciiBytes("endpoint-load-metrics-bin");

const cursor = new MetadataCursor();

/** Whether `bytes[start, end)` is the name of the trailer with which a call reports its instance's load (gRFC A51). */
export function isLoadReport(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== reportName.length) return false;
  for (let index = 0; index < reportName.length; index++) {
    if (bytes[start + index] !== reportName[index]) return false;
  }
  return true;
}

/** Takes what the trailers of an End say of the instance's load; what cannot be read is ignored. */
export function readCallLoad(channel: Channel, { bytes, endStart, endEnd }: ReplyHeadView, nowMs: number): void {
  cursor.reset(bytes, endStart, endEnd, END_TRAILERS_NUMBER);
  while (cursor.next()) {
    if (!isLoadReport(bytes, cursor.nameStart, cursor.nameEnd)) continue;
    const encoded = decodeBase64(bytes, cursor.valueStart, cursor.valueEnd);
    const report = encoded && readOrcaReport(encoded);
    if (report === undefined) return;
    channel.load = withReport(channel.load, report);
    channel.loadMs = nowMs;
    return;
  }
}
