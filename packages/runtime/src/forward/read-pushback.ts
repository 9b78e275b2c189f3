// SPDX-License-Identifier: Apache-2.0
import { END_TRAILERS_NUMBER, type EndView, MetadataCursor, type ReplyHeadView } from "@grpc-router/protocol";
import { type Pushback, parsePushback } from "../resilience/pushback.js";
import { asciiBytes } from "./ascii.js";

const pushbackName = asciiBytes("grpc-retry-pushback-ms");

const cursor = new MetadataCursor();

/** What the trailers of an End say of trying again (gRFC A6); said twice, it is no number. */
export function readPushback({ bytes, endStart, endEnd }: ReplyHeadView, view: EndView): Pushback | undefined {
  if (view.trailersCount === 0) return undefined;
  let pushback: Pushback | undefined;
  cursor.reset(bytes, endStart, endEnd, END_TRAILERS_NUMBER);
  while (cursor.next()) {
    const { nameStart, nameEnd, valueStart, valueEnd } = cursor;
    if (!isPushback(bytes, nameStart, nameEnd)) continue;
    pushback = pushback === undefined ? parsePushback(bytes, valueStart, valueEnd) : "stop";
  }
  return pushback;
}

function isPushback(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== pushbackName.length) return false;
  return pushbackName.every((octet, index) => octet === bytes[start + index]);
}
