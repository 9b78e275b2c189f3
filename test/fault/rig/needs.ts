// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { findTool } from "../../harness/tools.ts";
import type { Need, Scenario } from "../scenario.ts";

/** Why a scenario cannot run here, in words; undefined where it can. */
export function whyNot({ needs = [] }: Pick<Scenario, "needs">): string | undefined {
  if (findTool("fault-client") === undefined) return "fault-client must be built (scripts/install-tools.sh, needs Go)";
  return needs.map(missing).find((reason) => reason !== undefined);
}

function missing(need: Need): string | undefined {
  if (need === "toxiproxy") {
    return findTool("toxiproxy-server") === undefined
      ? "toxiproxy-server must be installed (scripts/install-tools.sh, needs Go)"
      : undefined;
  }
  if (process.getuid?.() !== 0) return "network namespaces need the rights of root";
  if (findTool("ip") === undefined) return "ip must be installed (Debian: iproute2)";
  if (!existsSync("/dev/net/tun")) return "the kernel must have TUN devices (/dev/net/tun)";
  return findTool("lossy-link") === undefined
    ? "lossy-link must be built (scripts/install-tools.sh, needs Go)"
    : undefined;
}
