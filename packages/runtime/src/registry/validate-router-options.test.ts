// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { createRouter } from "../router.js";
import type { RouterOptions } from "./settings.js";

describe("validateRouterOptions()", () => {
  test.each<[object, string]>([
    [{ zone: "" }, 'zone must be a name, such as "eu-1a", received ""'],
    [{ region: 7 }, 'region must be a name, such as "eu-1a", received 7'],
    [{ maxReplayBytes: -1 }, "maxReplayBytes must be a whole number of bytes from 0, received -1"],
    [{ maxReplayBytes: 1.5 }, "maxReplayBytes must be a whole number of bytes from 0, received 1.5"],
    [{ maxReplayBytes: Number.NaN }, "maxReplayBytes must be a whole number of bytes from 0, received NaN"],
  ])("refuses %j", (options, rule) => {
    expect(() => createRouter(options as RouterOptions)).toThrow(`Cannot create router: ${rule}`);
  });

  test.each<RouterOptions>([{}, { zone: "eu-1a", region: "eu-1" }, { zone: undefined }, { maxReplayBytes: 0 }])(
    "takes %j",
    (options) => {
      expect(() => createRouter(options)).not.toThrow();
    },
  );
});
