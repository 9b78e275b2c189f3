// SPDX-License-Identifier: Apache-2.0

import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { TapEvent, TapMessage } from "@grpc-router/node";
import { formatBytes, formatMs, msOf } from "../output/format-units.js";
import { printable } from "../output/printable.js";

/** An event for people: a line, and below a head a line for each field of its metadata. */
export function formatTapEvent({ call, time, event }: TapEvent): string {
  const at = time === undefined ? "" : timestampDate(time).toISOString().slice(11, 23);
  const [first = "", ...below] = wordsOf(event).map(printable);
  const indent = " ".repeat(`${at} #${call} `.length + 2);
  return [`${at} #${call} ${first}`, ...below.map((line) => `${indent}${line}`)].map((line) => `${line}\n`).join("");
}

function wordsOf(event: TapEvent["event"]): readonly string[] {
  switch (event.case) {
    case "head": {
      const { method, peerAddress, metadata } = event.value;
      return [`${method} from ${peerAddress}`, ...metadata.map(({ name, value }) => `${name}: ${value}`)];
    }
    case "attempt":
      return [`attempt ${event.value.attempt} at ${event.value.instance}`];
    case "attemptEnd":
      return [`attempt at ${event.value.instance} ended ${event.value.status}`];
    case "end": {
      const { status, reason, duration, requestBytes, replyBytes, attempts } = event.value;
      const why = reason === "" ? "" : ` (${reason})`;
      const sizes = `${formatBytes(requestBytes)} bytes in, ${formatBytes(replyBytes)} out`;
      return [
        `ended ${status}${why} after ${formatMs(msOf(duration))}, ${sizes}, ${attempts} attempt${attempts === 1 ? "" : "s"}`,
      ];
    }
    case "message":
      return [describeMessage(event.value)];
    default:
      return ["(something that this version does not know: upgrade grpc-router)"];
  }
}

function describeMessage({ reply, size, compressed, data, json }: TapMessage): string {
  const head = `${reply ? "reply" : "request"} of ${size} bytes${compressed ? ", compressed" : ""}`;
  if (json !== "") return `${head}: ${json}`;
  if (size === 0n) return head;
  const cut = BigInt(data.length) < size ? `, the first ${data.length}` : "";
  return `${head}${cut}: ${Buffer.from(data).toString("hex")}`;
}
