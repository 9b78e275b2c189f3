// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { LedgerService, Work } from "../gen/ledger/v1/ledger_pb.ts";
import type { LedgerHost } from "./ledger-service.ts";

/** Faults that an instance can have: it runs a call twice, answers other bytes than it wrote down, or answers what it never ran. */
export type Plant = "twice" | "other-bytes" | "never-ran";

/** `honest` with one fault in its unary method. */
export function plantLie(
  plant: Plant,
  honest: ServiceImpl<typeof LedgerService>,
  { id }: LedgerHost,
): ServiceImpl<typeof LedgerService> {
  const unary = async (work: Work, context: HandlerContext) => {
    if (plant === "never-ran") return { instance: id, index: 0, payload: new Uint8Array(work.replyBytes) };
    if (plant === "twice") await honest.unary(work, context);
    const result = await honest.unary(work, context);
    return plant === "other-bytes" ? { ...result, payload: new Uint8Array(work.replyBytes) } : result;
  };
  return { ...honest, unary };
}
