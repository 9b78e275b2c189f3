// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath, Logger } from "@grpc-router/protocol";
import { firstLine, NodeError } from "../node-error.js";
import { watchFiles } from "../tls/watch-files.js";
import { formatMistake } from "./config-mistake.js";
import type { LoadedConfig } from "./load-config.js";
import type { AppliedText } from "./read-config-files.js";
import { type ConfigChange, diffConfigs, formatChange } from "./show-config.js";

/** Changes that one reload logs each on a line of its own; of more it says how many. */
const maxLoggedChanges = 50;

/**
 * What can change while a router runs. Certificates by their files alone: whether they are there, and whether one is asked
 * of everybody, the listener knows from its start.
 */
const changeable: readonly RegExp[] = [
  /^policies\b/,
  /^services\.(?:modules|service_config|serviceConfig|descriptor_sets|descriptorSets|names)\b/,
  /^instances\.(?:credentials|token_file|tokenFile|routers)\b/,
  /^observability\.log\.(?:level|modules)\b/,
  /^drain\.grace$/,
  /^listeners\.(?:client|registration|admin)\.tls\.(?:(?:certificate|key|authorities)$|names\b)/,
];

/** A configuration that everything is ready for. */
export interface PreparedConfig {
  /** Puts it in force; it must not fail half-way. */
  apply(): void;
  /** What has changed in files that the configuration names. */
  readonly renewed: readonly ConfigChange[];
}

/** What a holder works with. */
export interface ConfigHolderOptions {
  /** Reads the files anew, with what an operator has sent before them, if anything is. */
  readonly load: (applied?: AppliedText) => LoadedConfig;
  /** What the router began with: read and without mistakes. */
  readonly initial: LoadedConfig;
  /**
   * Makes everything ready for a configuration without mistakes. Throws `NodeError` `CONFIG_INVALID` or any other error that says why it cannot be.
   */
  readonly prepare: (next: LoadedConfig) => Promise<PreparedConfig>;
  readonly logger: Logger;
}

/** What became of a reload. */
export type ReloadOutcome =
  | { readonly taken: true; readonly generation: number; readonly changes: readonly ConfigChange[] }
  | { readonly taken: false; readonly generation: number; readonly reasons: readonly string[] };

/** Whether files may be taken. */
type Verdict =
  | { readonly next: LoadedConfig; readonly changes: readonly ConfigChange[]; readonly prepared: PreparedConfig }
  | { readonly reasons: readonly string[] };

/**
 * The configuration of a running router through its reloads: each is taken as a whole or refused as a whole, so what is in
 * force is always what one state of the files says. A change of something that only a start can take refuses the reload, too.
 */
export class ConfigHolder {
  readonly #options: ConfigHolderOptions;
  #current: LoadedConfig;
  /** What was read last, taken or not. */
  #read: LoadedConfig;
  #generation = 1;
  /** What an operator has sent: it goes before the files until it is taken back. */
  #applied: AppliedText | undefined;
  /** Reloads come one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigHolderOptions) {
    this.#options = options;
    this.#current = options.initial;
    this.#read = options.initial;
  }

  /** What is in force. */
  get current(): LoadedConfig {
    return this.#current;
  }

  /** 1 from the start, and one more with each reload that was taken. */
  get generation(): number {
    return this.#generation;
  }

  /** What goes before the files. */
  get applied(): AppliedText | undefined {
    return this.#applied;
  }

  /** Reads the files and takes what they say, or keeps what is in force and logs why. */
  reload(): Promise<ReloadOutcome> {
    return this.inTurn(() => this.#take(this.#applied));
  }

  /**
   * As `reload`, with `applied` before the files, in place of what was applied before, until it is replaced, taken back
   * (undefined), or the router ends. It says nothing that names files or variables.
   */
  apply(applied: AppliedText | undefined): Promise<ReloadOutcome> {
    return this.inTurn(() => this.#take(applied));
  }

  /**
   * What `reload` would come to now, or `apply` if something is given, with the generation that is in force; nothing changes,
   * and nothing is logged.
   */
  check(applied?: AppliedText): Promise<ReloadOutcome> {
    return this.inTurn(() => this.#check(applied ?? this.#applied));
  }

  /** Runs a step that must not fall into a reload: after those that were asked for before, and before those that follow. */
  inTurn<Outcome>(step: () => Promise<Outcome>): Promise<Outcome> {
    const next = this.#last.then(step);
    this.#last = next.catch(() => {}); // who asked for it hears of it
    return next;
  }

  /** Looks at all files every `intervalMs`, and reloads when one has changed. Returns what ends that. */
  watch(intervalMs: number): () => void {
    let ended = false;
    let end = (): void => {};
    const begin = ({ files }: LoadedConfig): void => {
      if (ended) return;
      const paths = files.map(({ fullPath }) => fullPath);
      end = watchFiles(paths, {
        intervalMs,
        texts: files.map(({ text }) => text),
        onChange: () => {
          end();
          // Of a state that was refused, too, so that the same files are not refused again and again.
          void this.reload().then(() => begin(this.#read));
        },
      });
    };
    begin(this.#current);
    return () => {
      ended = true;
      end();
    };
  }

  async #take(applied: AppliedText | undefined): Promise<ReloadOutcome> {
    const verdict = await this.#judge(applied);
    if ("reasons" in verdict) return this.#refuse(verdict.reasons);
    const { next, changes, prepared } = verdict;
    try {
      prepared.apply();
    } catch (error) {
      return this.#refuse(linesOf(error));
    }
    this.#current = next;
    this.#applied = applied;
    this.#generation++;
    this.#logTaken(changes);
    return { taken: true, generation: this.#generation, changes };
  }

  async #check(applied: AppliedText | undefined): Promise<ReloadOutcome> {
    const verdict = await this.#judge(applied);
    const generation = this.#generation;
    if ("reasons" in verdict) return { taken: false, generation, reasons: verdict.reasons };
    return { taken: true, generation, changes: verdict.changes };
  }

  /** Reads the files; nothing changes before `apply` is called. */
  async #judge(applied: AppliedText | undefined): Promise<Verdict> {
    const { load, prepare } = this.#options;
    try {
      const next = load(applied);
      this.#read = next;
      if (next.mistakes.length > 0) return { reasons: next.mistakes.map(formatMistake) };
      const changes = diffConfigs(this.#current.value, next.value);
      const frozen = changes.filter(({ path }) => !isChangeable(path));
      if (frozen.length > 0) {
        return { reasons: frozen.map((change) => `${formatChange(change)}: it takes a restart`) };
      }
      const prepared = await prepare(next);
      return { next, changes: [...changes, ...prepared.renewed], prepared };
    } catch (error) {
      return { reasons: linesOf(error) };
    }
  }

  #refuse(reasons: readonly string[]): ReloadOutcome {
    const { logger } = this.#options;
    const generation = this.#generation;
    for (const reason of reasons) logger.log("error", "config_mistake", reason);
    const count = reasons.length === 1 ? "1 reason" : `${reasons.length} reasons`;
    logger.log("error", "config_kept", `Kept the configuration that is in force, for ${count}`, { generation });
    return { taken: false, generation, reasons };
  }

  #logTaken(changes: readonly ConfigChange[]): void {
    const { logger } = this.#options;
    for (const change of changes.slice(0, maxLoggedChanges)) logger.log("info", "config_changed", formatChange(change));
    const count = changes.length === 1 ? "1 change" : `${changes.length} changes`;
    const generation = this.#generation;
    logger.log("info", "config_reloaded", `Took the configuration: ${count}`, { generation, changes: changes.length });
  }
}

function isChangeable(path: ConfigPath): boolean {
  const text = path.join(".");
  return changeable.some((pattern) => pattern.test(text));
}

/** The mistakes of a `CONFIG_INVALID`, or what else went wrong. */
function linesOf(error: unknown): readonly string[] {
  // Others may have put it into words of their own.
  const origin = error instanceof Error && error.cause instanceof NodeError ? error.cause : error;
  if (origin instanceof NodeError && origin.code === "CONFIG_INVALID") {
    const [, ...lines] = origin.message.split("\n");
    if (lines.length > 0) return lines;
  }
  return [firstLine(error)];
}
