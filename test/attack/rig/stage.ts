// SPDX-License-Identifier: Apache-2.0
import type { Attack, Form, TargetSettings } from "../attack.ts";
import type { Pinning, Target } from "../targets/target.ts";
import type { Scene } from "./run-attack.ts";
import { startVictim } from "./victim.ts";
import { warmUp } from "./warm-up.ts";

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
      await warmUp(target.address);
      const victim = await startVictim(target.address, this.#pinning);
      const { name: targetName } = this.#target;
      return { target, targetName, victim, calm: [], pinning: this.#pinning, form: this.#form };
    } catch (error) {
      await target.stop();
      throw error;
    }
  }
}
