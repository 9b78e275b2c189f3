// SPDX-License-Identifier: Apache-2.0

import type { LogLevel } from "@grpc-router/protocol";
import { NodeError } from "../node-error.js";
import { type LogModule, logModules, moduleOfEvent } from "./log-modules.js";

/** The least level that is written; `silent`: nothing is. */
export type LogThreshold = LogLevel | "silent";

const RANK = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const;

/** All of them. */
export const logThresholds = Object.keys(RANK) as readonly LogThreshold[];

/** What a log writes, for everything and for single modules; it may change while the program runs. */
export class LogLevels {
  #level: LogThreshold;
  readonly #modules = new Map<LogModule, LogThreshold>();

  constructor(level: LogThreshold = "info") {
    this.#level = level;
  }

  /** For every module that has no level of its own. */
  get level(): LogThreshold {
    return this.#level;
  }

  /** Levels of modules that have one of their own. */
  get modules(): Readonly<Record<string, LogThreshold>> {
    return Object.fromEntries(this.#modules);
  }

  /**
   * Changes the level of `module`, or of everything that has none of its own. An empty level leaves a module to what counts
   * for everything.
   *
   * @throws NodeError `LOG_LEVEL_INVALID` for a level or module that there is not.
   */
  set(level: string, module = ""): void {
    if (module !== "" && !isOneOf(logModules, module)) {
      throw new NodeError(
        "LOG_LEVEL_INVALID",
        `Cannot set a log level: the module must be one of ${logModules.join(", ")}, received ${JSON.stringify(module)}`,
      );
    }
    if (module !== "" && level === "") {
      this.#modules.delete(module);
      return;
    }
    if (!isOneOf(logThresholds, level)) {
      throw new NodeError(
        "LOG_LEVEL_INVALID",
        `Cannot set a log level: it must be one of ${logThresholds.join(", ")}, received ${JSON.stringify(level)}`,
      );
    }
    if (module === "") this.#level = level;
    else this.#modules.set(module, level);
  }

  /** Whether a line is written. */
  passes(level: LogLevel, event: string): boolean {
    const least = this.#modules.size === 0 ? this.#level : (this.#modules.get(moduleOfEvent(event)) ?? this.#level);
    return RANK[level] >= RANK[least];
  }
}

function isOneOf<Word extends string>(words: readonly Word[], text: string): text is Word {
  return words.some((word) => word === text);
}
