// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import type { ConfigHolder, ReloadOutcome } from "../config/config-holder.js";
import type { AppliedText } from "../config/read-config-files.js";
import { formatChange, showConfig } from "../config/show-config.js";
import {
  type ConfigOutcome,
  ConfigOutcomeSchema,
  type GetConfigResponse,
  GetConfigResponseSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";

/** What of a configuration an operator may see and order. */
export type AdministeredConfig = Pick<
  ConfigHolder,
  "current" | "generation" | "applied" | "check" | "reload" | "apply"
>;

/** The configuration in force. */
export function configMessage({ current, generation, applied }: AdministeredConfig): GetConfigResponse {
  return create(GetConfigResponseSchema, {
    generation: BigInt(generation),
    files: current.files.map(({ fullPath }) => fullPath),
    yaml: showConfig(current.value),
    applied: applied?.name ?? "",
  });
}

/** The text of a request; undefined for an empty one. */
export function appliedOf({ text, name }: { readonly text: string; readonly name: string }): AppliedText | undefined {
  return text.trim() === "" ? undefined : { text, name: name === "" ? "applied" : name };
}

/** What became, or would become, of a reload. */
export function outcomeMessage(outcome: ReloadOutcome): ConfigOutcome {
  return create(ConfigOutcomeSchema, {
    taken: outcome.taken,
    generation: BigInt(outcome.generation),
    ...(outcome.taken ? { changes: outcome.changes.map(formatChange) } : { reasons: [...outcome.reasons] }),
  });
}
