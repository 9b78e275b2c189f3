// SPDX-License-Identifier: Apache-2.0
import { createRawHpackDecoder, RawFlag, RawType } from "@grpc-router/testing/raw-http2";
import type { RawConnection } from "./raw-connection.ts";

/** The answer to one request. */
export interface Answer {
  /** :status; NaN without one. */
  readonly httpStatus: number;
  /** grpc-status; NaN without one. */
  readonly grpcStatus: number;
}

/** The answers on a connection that have come to their end, by stream. */
export function answersOf({ frames }: Pick<RawConnection, "frames">): ReadonlyMap<number, Answer> {
  const decoder = createRawHpackDecoder();
  const heads = new Map<number, Map<string, string>>();
  const answers = new Map<number, Answer>();
  for (const { type, flags, streamId, payload } of frames) {
    if (type !== RawType.headers) continue;
    const head = new Map([...(heads.get(streamId) ?? []), ...decoder.decode(payload)]);
    heads.set(streamId, head);
    if ((flags & RawFlag.endStream) === 0) continue;
    answers.set(streamId, {
      httpStatus: Number(head.get(":status") ?? Number.NaN),
      grpcStatus: Number(head.get("grpc-status") ?? Number.NaN),
    });
  }
  return answers;
}
