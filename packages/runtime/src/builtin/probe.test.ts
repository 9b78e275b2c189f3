// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createHealthBook } from "./health-book.js";
import { answerProbe } from "./probe.js";

const empty = () => createHealthBook();
const serving = () => {
  const book = createHealthBook();
  book.set("a", true);
  return book;
};
const draining = () => {
  const book = serving();
  book.drain();
  return book;
};

describe("answerProbe()", () => {
  it.each([
    ["GET", "/live", empty, 200, "live\n"],
    ["POST", "/live", draining, 200, "live\n"],
    ["GET", "/ready", empty, 503, "no instance is connected\n"],
    ["GET", "/ready", serving, 200, "ready\n"],
    ["POST", "/ready", serving, 200, "ready\n"],
    ["GET", "/ready", draining, 503, "draining\n"],
    ["DELETE", "/ready", serving, 405, "use GET or POST\n"],
  ] as const)("%s %s", (method, path, book, status, body) => {
    expect(answerProbe(method, path, book())).toEqual({ status, body });
  });
});
