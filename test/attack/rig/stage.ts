// SPDX-License-Identifier: Apache-2.0
import type { Attack, Form, TargetSettings } from "../attack.ts";
import type { Pinning, RunningTarget, Target } from "../targets/target.ts";
import type { Scene } from "./run-attack.ts";
import { startVictim, type Victim } from "./victim.ts";
import { warmUp } from "./warm-up.ts";

/** A warm target and the victim that calls it. */
interface Pair {
  readonly target: RunningTarget;
  readonly victim: Victim;
}

/** Keeps a target with its instance and victim running for all attacks that want the same settings. */
export class Stage {
  readonly #target: Target;
  readonly #pinning: Pinning;
  readonly #form: Form;
  #key: string | undefined;
  #scene: Scene | undefined;
  #bystander: Pair | undefined;

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
    const pairs = [this.#scene, this.#bystander];
    this.#scene = undefined;
    this.#bystander = undefined;
    for (const pair of pairs) {
      await pair?.victim.stop();
      await pair?.target.stop();
    }
  }

  async #build(settings: TargetSettings): Promise<Scene> {
    const bystander = async () => {
      this.#bystander ??= await this.#start(settings);
      return this.#bystander.victim;
    };
    const pause: Scene["pause"] = (during) => {
      const { victim: other } = this.#bystander ?? {};
      return pair.victim.pause(other === undefined ? during : () => other.pause(during));
    };
    const { name: targetName } = this.#target;
    const pair = await this.#start(settings);
    return { ...pair, bystander, pause, targetName, calm: [], pinning: this.#pinning, form: this.#form };
  }

  async #start(settings: TargetSettings): Promise<Pair> {
    const target = await this.#target.start(settings, this.#pinning);
    try {
      await warmUp(target.address);
      return { target, victim: await startVictim(target.address, this.#pinning) };
    } catch (error) {
      await target.stop();
      throw error;
    }
  }
}
