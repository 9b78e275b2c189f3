// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate } from "../../harness/certificate.ts";
import type { Running } from "../../harness/processes.ts";
import { findTool } from "../../harness/tools.ts";
import { type PeerSpec, peerKey, type Rig, type RunningPeer } from "./peer.ts";
import { peers } from "./peers.ts";
import { portOf, startBackend } from "./servers.ts";

/** The processor of the measured process, where the machine has two; the rest of the bench is on the other. */
const measuredProcessor = 0;
const otherProcessor = 1;

/** Keeps peers running from case to case, each with its set-up, and ends them all. */
export class Stage implements Rig {
  /** Whether every program has its own processor. */
  readonly pinned = availableParallelism() > 1 && findTool("taskset") !== undefined;
  readonly measured = this.#on(measuredProcessor);
  readonly others = this.#on(otherProcessor);
  readonly folder = mkdtempSync(join(tmpdir(), "grpc-router-bench-"));
  readonly certificate = makeCertificate(this.folder);
  readonly #peers = new Map<string, Promise<RunningPeer>>();
  readonly #backends = new Map<boolean, Promise<Running & { line: string }>>();

  /** The processor to watch for other people's work; undefined where nothing is pinned. */
  get watchedProcessor(): number | undefined {
    return this.pinned ? measuredProcessor : undefined;
  }

  /** A peer that runs already, or a new one. */
  peer(spec: PeerSpec): Promise<RunningPeer> {
    const key = peerKey(spec);
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    const started = peers[spec.name].start(spec, this);
    this.#peers.set(key, started);
    return started;
  }

  async backend(tls: boolean): Promise<number> {
    const { cert, key } = this.certificate;
    const started = this.#backends.get(tls) ?? startBackend(this.others, tls ? `${cert}:${key}` : undefined);
    this.#backends.set(tls, started);
    return portOf(await started);
  }

  /** Ends the peers that none of `specs` names. */
  async keepOnly(specs: readonly PeerSpec[]): Promise<void> {
    const kept = new Set(specs.map(peerKey));
    for (const [key, peer] of this.#peers) {
      if (kept.has(key)) continue;
      this.#peers.delete(key);
      await stopped(peer);
    }
  }

  async close(): Promise<void> {
    await this.keepOnly([]);
    for (const backend of this.#backends.values()) await stopped(backend);
    this.#backends.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #on(processor: number): readonly string[] {
    return this.pinned ? ["taskset", "-c", `${processor}`] : [];
  }
}

async function stopped(starting: Promise<{ stop(): Promise<void> }>): Promise<void> {
  const peer = await starting.catch(() => undefined); // whoever asked for it has the error
  await peer?.stop();
}

function makeCertificate(folder: string): Rig["certificate"] {
  const { cert, key } = createCertificate();
  const both = join(folder, "both.pem");
  writeFileSync(both, readFileSync(cert, "utf8") + readFileSync(key, "utf8"), { mode: 0o600 });
  return { cert, key, both };
}
