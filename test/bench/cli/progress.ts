// SPDX-License-Identifier: Apache-2.0

/** Lines that tell how far a run is; on a terminal each step takes the place of the one before. */
export class Progress {
  readonly #begunMs = performance.now();
  #title = "";

  /** A case begins. */
  begin(title: string): void {
    this.#title = title;
    if (!process.stdout.isTTY) console.log(`${this.#elapsed()} ${title}`);
  }

  /** How far the case is. */
  step(text: string): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${this.#elapsed()} ${this.#title}: ${text}`);
  }

  /** Something that stays. */
  line(text: string): void {
    if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
    console.log(text);
  }

  /** Seconds since the run began. */
  get seconds(): number {
    return Math.round((performance.now() - this.#begunMs) / 1_000);
  }

  #elapsed(): string {
    const { seconds } = this;
    return `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
  }
}
