// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, untilListening } from "../../harness/ports.ts";
import { runProcess, startProcess } from "../../harness/processes.ts";
import { findTool, requireTool } from "../../harness/tools.ts";
import { openFileLimit } from "../measure/open-file-limit.ts";
import type { PeerKind, PeerSpec, Rig, RunningPeer } from "./peer.ts";
import { renderSettings } from "./render-settings.ts";

/** A proxy that is configured by a file of `settings/`. */
interface Proxy {
  readonly program: string;
  readonly title: string;
  /** Its file in `settings/`. */
  readonly settings: string;
  args(file: string): readonly string[];
  /** Arguments that make it say its version, and where in that it is. */
  readonly version: { readonly args: readonly string[]; readonly pattern: RegExp };
}

export const haproxy: PeerKind = proxy({
  program: "haproxy",
  title: "HAProxy",
  settings: "haproxy.cfg.template",
  args: (file) => ["-db", "-f", file],
  version: { args: ["-v"], pattern: /version (\S+)/ },
});

export const nginx: PeerKind = proxy({
  program: "nginx",
  title: "nginx",
  settings: "nginx.conf.template",
  args: (file) => ["-c", file, "-e", "stderr"],
  version: { args: ["-v"], pattern: /nginx\/(\S+)/ },
});

export const envoy: PeerKind = proxy({
  program: "envoy",
  title: "Envoy",
  settings: "envoy.yaml.template",
  args: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
  version: { args: ["--version"], pattern: /\/(\d+\.\d+\.\d+)\// },
});

function proxy(one: Proxy): PeerKind {
  const { program, title } = one;
  return {
    title,
    missing: () => (findTool(program) === undefined ? `${program} is not installed` : undefined),
    async describe() {
      const { stdout, stderr } = await runProcess(requireTool(program), one.version.args);
      const version = one.version.pattern.exec(stdout + stderr)?.[1] ?? "of unknown version";
      return `${title} ${version}; test/bench/peers/settings/${one.settings}`;
    },
    start: (spec, rig) => start(one, spec, rig),
  };
}

async function start({ program, settings, args }: Proxy, spec: PeerSpec, rig: Rig): Promise<RunningPeer> {
  const tls = spec.tls === true;
  const port = await freePort();
  const backendPort = await rig.backend(tls);
  const folder = mkdtempSync(join(rig.folder, `${program}-`));
  const file = join(folder, settings.replace(/\.template$/, "")); // Envoy goes by the ending
  const template = readFileSync(new URL(`settings/${settings}`, import.meta.url), "utf8");
  const limits = { maxConnections: mostConnections(), openFiles: openFileLimit() };
  writeFileSync(file, renderSettings(template, { ...rig.certificate, ...limits, port, backendPort, folder, tls }));
  const [command = "", ...rest] = [...rig.measured, requireTool(program), ...args(file)];
  const running = await startProcess(command, { args: rest });
  try {
    await Promise.race([untilListening(port, program), endedEarly(running.exited, program)]);
  } catch (error) {
    await running.stop();
    throw new Error(`${program} did not start:\n${running.output.join("\n")}`, { cause: error });
  }
  const ca = tls ? rig.certificate.cert : undefined;
  const { pid } = running;
  return { port, ca, pids: [pid], pid, link: undefined, routerUrl: undefined, stop: () => running.stop() };
}

/** HAProxy wants two sockets for each connection, and does not start if the system would refuse them. */
function mostConnections(): number {
  return Math.min(20_000, Math.floor((openFileLimit() - 200) / 2));
}

async function endedEarly(exited: Promise<number | null>, program: string): Promise<never> {
  throw new Error(`${program} ended with code ${await exited}`);
}
