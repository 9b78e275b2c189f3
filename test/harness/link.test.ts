// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type Answers, createLink, type MessagePort } from "./link.ts";

/** Two sides of a link in one process. */
function linked(answers: Answers) {
  const listeners: ((message: unknown) => void)[] = [];
  const port = (mine: number): MessagePort => ({
    send: (message) => queueMicrotask(() => listeners[1 - mine]?.(structuredClone(message))),
    onMessage: (listener) => {
      listeners[mine] = listener;
    },
  });
  const asking = createLink(port(0), {});
  createLink(port(1), answers);
  return asking;
}

describe("createLink()", () => {
  test("answers each question with its own answer", async () => {
    const link = linked({ double: (number: number) => 2 * number, later: async () => "late" });
    const answers = [link.ask("later"), link.ask("double", 2), link.ask("double", 3)];
    expect(await Promise.all(answers)).toEqual(["late", 4, 6]);
  });

  test.each([
    { name: "fails", message: "no luck" },
    { name: "nothing", message: "Cannot answer: the question must be known, received nothing" },
  ])("rejects $name with the other side's error", async ({ name, message }) => {
    const link = linked({
      fails: () => {
        throw new Error("no luck");
      },
    });
    await expect(link.ask(name)).rejects.toThrow(message);
  });
});
