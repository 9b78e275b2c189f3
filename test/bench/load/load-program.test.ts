// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { missingGo } from "../peers/go-programs.ts";
import { loadArguments } from "./load-program.ts";

describe("loadArguments()", () => {
  test("says what a load is, and nothing that it is not", () => {
    const load = { connections: 10, streams: 50, special: { changing: true } };
    expect(loadArguments(load, { port: 4711 }, { calls: 1_000 })).toEqual([
      "-address=127.0.0.1:4711",
      "-path=/bench.v1.EchoService/Echo",
      "-connections=10",
      "-streams=50",
      "-size=7",
      "-changing=true",
      "-calls=1000",
    ]);
  });

  test("says the rate of an open loop", () => {
    const amount = { rate: 5_000, seconds: 2, warmUpSeconds: 0.5, seed: 3 };
    const args = loadArguments({ connections: 1, streams: 1 }, { port: 1, ca: "a.pem" }, amount);
    expect(args).toEqual(expect.arrayContaining(["-ca=a.pem", "-seconds=2", "-rate=5000", "-warm-up=0.5", "-seed=3"]));
  });

  test.each([
    ["server", "/bench.v1.StreamService/Watch"],
    ["client", "/bench.v1.StreamService/Collect"],
    ["bidi", "/bench.v1.StreamService/Converse"],
  ] as const)("calls the method for %s streams", (kind, path) => {
    const load = { connections: 1, streams: 1, special: { kind, messages: 5 } };
    expect(loadArguments(load, { port: 1 }, { calls: 1 })).toContain(`-path=${path}`);
  });
});

describe.skipIf(missingGo() !== undefined)("the Go programs", () => {
  const cwd = fileURLToPath(new URL("../go/", import.meta.url));
  const go = (...args: string[]) => promisify(execFile)("go", args, { cwd });

  test("are formatted, vetted, and pass their own tests", { timeout: 240_000 }, async () => {
    expect((await promisify(execFile)("gofmt", ["-l", "."], { cwd })).stdout).toBe("");
    await go("vet", "./...");
    await go("test", "./...");
  });
});
