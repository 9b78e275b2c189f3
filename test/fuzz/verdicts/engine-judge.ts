// SPDX-License-Identifier: Apache-2.0
import { createRawFrameParser, joinBytes, rawPreface, rawSettings, rawSettingsAck } from "@grpc-router/testing";
import { DrivenEngine } from "../model/driven-engine.ts";
import { type Judge, verdictOf } from "./verdict.ts";

/** Our engine in the server role, with a user who reads everything and answers nothing. */
export function createEngineJudge(): Judge {
  const engine = new DrivenEngine({ role: "server", connectionWindowBytes: 65_535 });
  const parser = createRawFrameParser();
  let seen = 0;
  const taken = () => {
    engine.takeOutput();
    const octets = joinBytes(...engine.output.slice(seen));
    seen = engine.output.length;
    return parser.push(octets);
  };
  engine.user.react = (event, kept) => {
    if (event !== "data" || kept === undefined) return;
    engine.connection.consume(kept.stream, kept.received - kept.consumed);
    kept.consumed = kept.received;
  };
  engine.feed(joinBytes(rawPreface, rawSettings(), rawSettingsAck));
  taken();
  return {
    async judge(frame) {
      engine.feed(frame);
      return verdictOf(taken(), engine.connection.closed);
    },
    close: () => engine.end(),
  };
}
