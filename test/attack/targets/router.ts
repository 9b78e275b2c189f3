// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { EngineStats, ListenerStats } from "@grpc-router/node";
import { type Certificate, createCertificate } from "../../harness/certificate.ts";
import type { ProcessState } from "../../harness/process-state.ts";
import type { Running } from "../../harness/processes.ts";
import { type RouterProcess, startNode, startRouter } from "../../harness/stack.ts";
import type { TargetSettings } from "../attack.ts";
import type { InstanceCounts, Pinning, RunningTarget, Target } from "./target.ts";

const instanceProgram = fileURLToPath(new URL("../processes/instance-process.ts", import.meta.url));

/** Lines that a sound router never prints. */
const faultPattern = /uncaught|unhandled|connection_fault|listener_failed|^\s+at |FATAL|Error:/i;

/** The router itself, with its default limits but for what an attack's settings shorten. */
export const routerTarget: Target = {
  name: "router",
  describe: async () => `gRPC Router on Node ${process.version}, default limits`,
  missing: () => undefined,
  start: startRouterTarget,
};

async function startRouterTarget(settings: TargetSettings, pinning: Pinning): Promise<RunningTarget> {
  const tls = settings.tls === true ? createCertificate() : undefined;
  const { connections, listener: listenerLimits } = settings;
  const router = await startRouter({ tls, connections, listenerLimits, prefix: pinning.target, linked: true });
  try {
    const attacked = await startInstance("faults", router.url, tls, pinning.attacker);
    const unharmed = await startInstance("echo", router.url, tls, pinning.others);
    return runningRouter({ router, attacked, unharmed, tls });
  } catch (error) {
    await router.stop();
    throw error;
  }
}

function startInstance(
  service: "faults" | "echo",
  url: string,
  tls: Certificate | undefined,
  prefix: readonly string[],
): Promise<Running> {
  const args = ["--url", url, "--service", service, ...(tls === undefined ? [] : ["--ca", tls.cert])];
  return startNode(instanceProgram, { prefix, args, ready: /^registered/, answers: {} });
}

interface Parts {
  readonly router: RouterProcess;
  readonly attacked: Running;
  /** The victim's. */
  readonly unharmed: Running;
  readonly tls: Certificate | undefined;
}

function runningRouter({ router, attacked, unharmed, tls }: Parts): RunningTarget {
  let code: number | null | undefined;
  void router.exited.then((exitCode) => {
    code = exitCode;
  });
  return {
    address: { host: router.host, port: router.port, ca: tls && readFileSync(tls.cert, "utf8") },
    pid: router.pid,
    resetInstance: () => attacked.link.ask("reset"),
    instance: () => attacked.link.ask<InstanceCounts>("counts"),
    memory: () => router.link.ask<ProcessState>("state"),
    async limitHits() {
      const { limits } = await router.link.ask<EngineStats>("engine");
      const { limitHits } = await router.link.ask<ListenerStats>("listener");
      return { ...limitHits, ...Object.fromEntries(limits.map(({ name, hits }) => [name, hits])) };
    },
    faults: () => [
      ...(code === undefined ? [] : [`the router ended with code ${code}`]),
      ...[...router.output, ...attacked.output, ...unharmed.output].filter((line) => faultPattern.test(line)),
    ],
    async stop() {
      await Promise.all([attacked.stop(), unharmed.stop()]);
      router.kill("SIGKILL");
      await router.exited;
    },
  };
}
