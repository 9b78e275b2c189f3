// SPDX-License-Identifier: Apache-2.0

import { constants } from "node:os";
import { type Io, type Screen, StopSignal } from "./io.js";

/** Surroundings of a command that a test looks at. */
export interface TestIo extends Io {
  readonly text: { out: string; err: string };
  /** As Ctrl-C. */
  interrupt(): void;
  /** As SIGHUP. */
  hangUp(): void;
  /** Resolves when standard output or error matches. */
  until(pattern: RegExp): Promise<void>;
}

/** What a test gives the command. */
export interface TestIoOptions {
  readonly input?: readonly string[];
  readonly folder?: string;
  /** The terminal on standard output. Default: none. */
  readonly screen?: Screen;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTerminal?: boolean;
}

export function createTestIo(options: TestIoOptions = {}): TestIo {
  const stop = new AbortController();
  const text = { out: "", err: "" };
  let reload = (): void => {
    throw new Error("nobody waits for SIGHUP");
  };
  const waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];
  const check = () => {
    for (const { pattern, resolve } of waiting) if (pattern.test(text.out) || pattern.test(text.err)) resolve();
  };
  return {
    text,
    out: (piece) => {
      text.out += piece;
      check();
    },
    err: (piece) => {
      text.err += piece;
      check();
    },
    input: (async function* () {
      for (const piece of options.input ?? []) yield new TextEncoder().encode(piece);
    })(),
    isTerminal: options.isTerminal ?? false,
    stop: stop.signal,
    onReload: (listener) => {
      reload = listener;
    },
    hangUp: () => reload(),
    screen: options.screen,
    folder: options.folder ?? process.cwd(),
    env: options.env ?? {},
    interrupt: () => stop.abort(new StopSignal(constants.signals.SIGINT)),
    until: (pattern) =>
      new Promise((resolve) => {
        waiting.push({ pattern, resolve });
        check();
      }),
  };
}
