// SPDX-License-Identifier: Apache-2.0
import { clientPreface } from "../frame/preface.js";
import { type ConnectionContext, Phase } from "./connection-context.js";
import { answerForeignProtocol } from "./foreign-protocol.js";
import { sendOwnSettings } from "./send-settings.js";

/**
 * Server role: takes the client's preface (RFC 9113 section 3.4) and answers with ours. Returns the offset of what
 * follows; `end` if more must come, or if the client speaks something else and the connection is over.
 */
export function receivePreface<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { carry } = context;
  const from = carry.length;
  const isMatchSoFar = from <= clientPreface.length && !context.foreign;
  let at = start;
  if (isMatchSoFar) {
    for (let index = from; at < end && index < clientPreface.length && bytes[at] === clientPreface[index]; index++)
      at++;
    if (from + at - start === clientPreface.length) {
      carry.clear();
      context.phase = Phase.firstSettings;
      context.phaseMs = context.nowMs;
      sendOwnSettings(context);
      return at;
    }
    if (at === end) {
      carry.fill(bytes, start, end, clientPreface.length);
      return end;
    }
  }
  context.foreign = true;
  answerForeignProtocol(context, bytes, start, end);
  return end;
}
