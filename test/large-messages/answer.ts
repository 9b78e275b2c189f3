// SPDX-License-Identifier: Apache-2.0
import type { SimpleRequest } from "../interop/gen/grpc/testing/messages_pb.ts";
import { contentOf, hashOf } from "./content.ts";

/** What the seed of every reply is. */
export const replySeed = 77;

/** The answer of both servers: the hash of what came, in `username`, and as much content as was asked for. */
export function answerTo({ payload, responseSize }: SimpleRequest) {
  return {
    username: hashOf(payload?.body ?? new Uint8Array(0)),
    payload: { body: contentOf(replySeed, responseSize) },
  };
}
