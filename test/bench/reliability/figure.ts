// SPDX-License-Identifier: Apache-2.0

/** How a run is set up. */
export interface FigureRun {
  /** Small numbers, for a look at whether it works; such figures judge nothing. */
  readonly quick: boolean;
  /** Says what is going on. */
  progress(text: string): void;
}

/** One line of a figure's result. */
export interface Finding {
  /** What was measured. */
  readonly what: string;
  /** Its value with spread, for people. */
  readonly value: string;
  /** Whether the goal is met; undefined: it has none, and stands there for comparison. */
  readonly met?: boolean | undefined;
  /** Everything behind it, for the file. */
  readonly data: unknown;
}

/** One of the figures of docs/reliability.md. */
export interface Figure {
  /** For `--only`. */
  readonly name: string;
  readonly goal: string;
  /** The figure depends on what else the machine does. */
  readonly needsQuiet: boolean;
  /** Why it cannot run here; undefined: it can. */
  skip?(): string | undefined;
  run(run: FigureRun): Promise<readonly Finding[]>;
}
