// SPDX-License-Identifier: Apache-2.0
// Replays, without the fuzzer, every input that was a finding once, and every input of the corpora.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type FuzzTarget, fuzzTargets, maxInputBytes, type TargetModule } from "./fuzz-targets.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

describe.each(fuzzTargets)("%s", (target) => {
  test("replays what was found once", async () => {
    await replay(target, filesOf("regression", target));
  });

  test("replays its corpus", { timeout: 120_000 }, async () => {
    const files = filesOf("corpus", target);
    expect(files.length).toBeGreaterThan(20);
    await replay(target, files);
  });
});

async function replay(target: FuzzTarget, files: readonly string[]): Promise<void> {
  const { fuzz } = await moduleOf(target);
  for (const file of files) {
    const input = new Uint8Array(readFileSync(file));
    expect(input.length).toBeLessThanOrEqual(maxInputBytes[target]);
    try {
      await fuzz(input);
    } catch (error) {
      throw new Error(`${file.slice(here.length)} is a finding`, { cause: error });
    }
  }
}

function filesOf(kind: "corpus" | "regression", target: FuzzTarget): string[] {
  const folder = `${here}${kind}/${target}`;
  return existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];
}

function moduleOf(target: FuzzTarget): Promise<TargetModule> {
  return import(`./targets/${target}.ts`) as Promise<TargetModule>;
}
