// SPDX-License-Identifier: Apache-2.0
import { runProcess } from "../../harness/processes.ts";
import { requireTool } from "../../harness/tools.ts";
import { envoyConfiguration } from "./envoy-configuration.ts";
import { missingProxy, type ProxyProgram, startProxy } from "./proxy.ts";
import type { Target } from "./target.ts";

const envoy: ProxyProgram = {
  program: "envoy",
  configuration: envoyConfiguration,
  args: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
};

/** Envoy, configured as for an edge, in front of servers on node:http2. */
export const envoyTarget: Target = {
  name: "envoy",
  async describe() {
    const { stdout } = await runProcess(requireTool("envoy"), ["--version"]);
    return `Envoy ${/\/(\d+\.\d+\.\d+)\//.exec(stdout)?.[1]}, one worker, its page on edge proxies, else its defaults`;
  },
  missing: () => missingProxy("envoy"),
  start: (settings, pinning) => startProxy(envoy, settings, pinning),
};
