// SPDX-License-Identifier: Apache-2.0

/**
 * What must hold in every schedule, by the names that violations begin with. docs/reliability.md lists where each is
 * looked at; invariants.test.ts holds it to this table.
 */
export const invariants = {
  ends: "every call ends with one status, by its deadline plus a bound",
  success: "OK means one complete run of user code, and its caller has all that it said",
  once: "a method that is not idempotent never runs twice",
  truth: "execution and not_run say what is so",
  content: "streams keep order and content, compressed or not, whatever the subtype",
  credit: "no message without credit, and no credit that was not earned",
  buffers: "what is buffered stays within its bounds",
  slots: "open calls never exceed the capacity",
  deadline: "an expired call is never dispatched",
  fence: "a process that is superseded, draining or of another principal gets no call, and its late frames change none",
  stated: "health, labels and weight count as the instance stated them last, and who is withdrawn gets no call",
  grammar: "both sides write only what the state tables allow: ids and marks rise, a mark is never late",
  progress: "no call waits while an instance that serves has room",
  policies:
    "attempts, budgets, tokens, limits, ejections and keys are within what policies say, another attempt follows only what they name, and interceptors see each call and its end once",
  idle: "no call, slot, stream, credit or byte is left when idle, and no timer or promise when all is closed",
  gentle: "where everybody keeps the rules no call fails of what others do",
  honest: "nobody who keeps the rules is accused, refused or cut off",
  hostile: "whoever breaks the rules is shut out with the reason",
} as const;

/** Name of an invariant. */
export type Invariant = keyof typeof invariants;
