// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import type { ConfigHolder, ReloadOutcome } from "../config/config-holder.js";
import { formatChange, showConfig } from "../config/show-config.js";
import {
  type ConfigOutcome,
  ConfigOutcomeSchema,
  type GetConfigResponse,
  GetConfigResponseSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";

/** What of a configuration an operator may see and order. */
export type AdministeredConfig = Pick<ConfigHolder, "current" | "generation" | "check" | "reload">;

/** The configuration in force. */
export function configMessage({ current, generation }: AdministeredConfig): GetConfigResponse {
  return create(GetConfigResponseSchema, {
    generation: BigInt(generation),
    files: current.files.map(({ fullPath }) => fullPath),
    yaml: showConfig(current.value),
  });
}

/** What became, or would become, of a reload. */
export function outcomeMessage(outcome: ReloadOutcome): ConfigOutcome {
  return create(ConfigOutcomeSchema, {
    taken: outcome.taken,
    generation: BigInt(outcome.generation),
    ...(outcome.taken ? { changes: outcome.changes.map(formatChange) } : { reasons: [...outcome.reasons] }),
  });
}
