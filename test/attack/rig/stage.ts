// SPDX-License-Identifier: Apache-2.0
import type { Attack, Form, TargetSettings } from "../attack.ts";
import { Path } from "../raw/orders.ts";
import { openRawClient } from "../raw/raw-client.ts";
import type { Pinning, RunningTarget, Target } from "../targets/target.ts";
import type { Scene } from "./run-attack.ts";
import { startVictim } from "./victim.ts";

/**
 * Calls, and connections that come and go, which make a target's code warm, its pools full and its heap as large as
 * ordinary work makes it, so that what an attack adds can be told.
 */
const warmUpCalls = 3_000;
const warmUpAtOnce = 100;
const warmUpConnections = 3;
const warmUpVisits = 2_000;

/** Keeps a target with its instance and victim running for all attacks that want the same settings. */
export class Stage {
  readonly #target: Target;
  readonly #pinning: Pinning;
  readonly #form: Form;
  #key: string | undefined;
  #scene: Scene | undefined;

  constructor(target: Target, pinning: Pinning, form: Form) {
    this.#target = target;
    this.#pinning = pinning;
    this.#form = form;
  }

  /** The scene for an attack: the one that stands, or a new one. */
  async for(attack: Attack): Promise<Scene> {
    const settings = attack.settings?.[this.#form] ?? {};
    const key = JSON.stringify(settings);
    if (this.#scene === undefined || key !== this.#key) {
      await this.clear();
      this.#scene = await this.#build(settings);
      this.#key = key;
    }
    return this.#scene;
  }

  /** Stops what runs; the next attack gets a new target. */
  async clear(): Promise<void> {
    const scene = this.#scene;
    this.#scene = undefined;
    await scene?.victim.stop();
    await scene?.target.stop();
  }

  async #build(settings: TargetSettings): Promise<Scene> {
    const target = await this.#target.start(settings, this.#pinning);
    try {
      await warmUp(target);
      const victim = await startVictim(target.address, this.#pinning.others);
      const { name: targetName } = this.#target;
      return { target, targetName, victim, pinning: this.#pinning, form: this.#form };
    } catch (error) {
      await target.stop();
      throw error;
    }
  }
}

async function warmUp(target: RunningTarget): Promise<void> {
  for (let connection = 0; connection < warmUpConnections; connection++) {
    const client = await openRawClient(target.address);
    await client.calls(warmUpCalls / warmUpConnections, warmUpAtOnce, { path: Path.echo });
    client.close();
  }
  const visit = async () => {
    const client = await openRawClient(target.address);
    await client.call({ path: Path.echo });
    client.close();
  };
  for (let visits = 0; visits < warmUpVisits; visits += warmUpAtOnce) {
    await Promise.all(Array.from({ length: warmUpAtOnce }, visit));
  }
}
