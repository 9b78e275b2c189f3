// SPDX-License-Identifier: Apache-2.0
// Every kind of call, both directions, everything that a hook can say, and every form in which a message comes: what arrives
// is what the hook said, and windows and credit come back to the octet.
import { describe, expect, test } from "vitest";
import { CallError } from "../intercept/call-error.js";
import {
  createHookScenes,
  type DataMessage,
  dataOf,
  decode,
  messageOf,
  type Wire,
  wireOf,
} from "../test-kit/hook-scene.suite.js";
import { kinds, type MethodName } from "../test-kit/test-service.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const directions = ["onRequest", "onResponse"] as const;
const forms = { whole: [9, false], fragmented: [40_000, false], gzip: [30_000, true] } as const;
const longer = pattern(70_000, 9);

/** What hooks do: what they answer, and what becomes of the data. */
const deeds = {
  keep: { answer: () => undefined, data: (data: Uint8Array) => data },
  "replace by less": { answer: () => messageOf(pattern(3)), data: () => pattern(3) },
  "replace by more": { answer: () => messageOf(longer), data: () => longer },
  "replace by nothing": { answer: () => messageOf(new Uint8Array()), data: () => new Uint8Array() },
  "promise to keep": { answer: () => Promise.resolve(undefined), data: (data: Uint8Array) => data },
  "promise another": {
    answer: (message: DataMessage) => Promise.resolve().then(() => messageOf(message.data.slice(1))),
    data: (data: Uint8Array) => data.slice(1),
  },
} as const;

/** Bytes as text, which compares a thousand times as fast. */
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const textOf = (wire: Wire): string => text(dataOf(wire));

const create = createHookScenes();

const cases = (Object.keys(kinds) as MethodName[]).flatMap((method) =>
  directions.flatMap((direction) =>
    (Object.keys(forms) as (keyof typeof forms)[]).flatMap((form) =>
      (Object.keys(deeds) as (keyof typeof deeds)[]).map((deed) => ({ method, direction, form, deed })),
    ),
  ),
);

function messagesFor(method: MethodName, direction: (typeof directions)[number], form: keyof typeof forms): Wire[] {
  const isStream = direction === "onRequest" ? kinds[method] > 2 : kinds[method] % 2 === 0;
  const [size, compressed] = forms[form];
  return Array.from({ length: isStream ? 4 : 1 }, (_, index) => wireOf(pattern(size, index), compressed));
}

describe("hooks", () => {
  test.each(cases)("$method, $direction, $form: $deed", async ({ method, direction, form, deed }) => {
    const seen: string[] = [];
    const { answer, data } = deeds[deed];
    const hook = (message: DataMessage) => {
      seen.push(text(message.data));
      return answer(message);
    };
    const scene = create({ method, hooks: { [direction]: hook } });
    const questions = messagesFor(method, "onRequest", direction === "onRequest" ? form : "whole");
    const answers = messagesFor(method, "onResponse", direction === "onResponse" ? form : "whole");
    const call = scene.start();
    for (const { bytes, compressed } of questions) call.send(bytes, { compressed });
    await scene.settle();
    // Credit is generous from here on.
    scene.credit(1_000_000);
    await scene.settle();
    expect(scene.heldWindow()).toBe(0);
    call.halfClose();
    scene.header();
    for (const wire of answers) {
      scene.respond(wire);
      await scene.settle();
    }
    await scene.settle();
    expect(scene.missingCredit()).toBe(0);
    scene.instance.end(1);
    await scene.settle();

    const isRequest = direction === "onRequest";
    const came = isRequest ? questions : answers;
    const sent = came.map(dataOf);
    expect(seen).toEqual(sent.map(text));
    const arrived = [scene.requests(), call.messages.map(({ bytes, compressed }) => ({ bytes, compressed }))];
    const [hooked = [], others = []] = isRequest ? arrived : arrived.reverse();
    expect(hooked.map(textOf)).toEqual(sent.map((one) => text(data(one))));
    expect(others.map(textOf)).toEqual((isRequest ? answers : questions).map(textOf));
    // What is kept keeps its very bytes; what is replaced goes plain.
    const isKept = deed === "keep" || deed === "promise to keep";
    if (isKept) expect(hooked.map(({ bytes }) => text(bytes))).toEqual(came.map(({ bytes }) => text(bytes)));
    else expect(hooked.some(({ compressed }) => compressed)).toBe(false);
    expect([call.status?.code, scene.halfClosed()]).toEqual([0, true]);
  });

  test.each(
    (Object.keys(kinds) as MethodName[]).flatMap((method) =>
      directions.flatMap((direction) =>
        (["throws", "rejects"] as const).flatMap((way) =>
          (["a status", "anything else"] as const).map((what) => ({ method, direction, way, what })),
        ),
      ),
    ),
  )("$method, $direction that $way $what ends that call", async ({ method, direction, way, what }) => {
    const error = what === "a status" ? new CallError(7, "not this") : new Error("oops");
    let isBroken = true;
    const hook = () => {
      if (!isBroken) return undefined;
      if (way === "rejects") return Promise.reject(error);
      throw error;
    };
    const scene = create({ method, hooks: { [direction]: hook } });
    const call = scene.start();
    call.send(wireOf(pattern(5), false).bytes, { halfClose: kinds[method] < 3 });
    await scene.settle();
    if (direction === "onResponse") scene.respond(wireOf(pattern(5), false));
    await scene.settle();
    const expected = what === "a status" ? [7, "not this"] : [13, expect.stringContaining("POLICY_FAILED")];
    expect([call.status?.code, call.status?.message]).toEqual(expected);
    expect(call.messages).toEqual([]);
    const counted = scene.router.core.routerCounters.reasons.POLICY_FAILED;
    expect([counted, scene.router.logger.entries.filter(({ event }) => event === "policy_failed").length]).toEqual(
      what === "a status" ? [0, 0] : [1, 1],
    );
    const wasStarted = scene.instance.calls.length > 0;
    expect(scene.instance.calls.filter(({ cancel }) => cancel >= 0).length).toBe(wasStarted ? 1 : 0);
    if (wasStarted) scene.instance.end(1, { code: 1 });
    // The next call is as if nothing had been.
    isBroken = false;
    const next = scene.start();
    next.send(wireOf(pattern(6), false).bytes, { halfClose: true });
    await scene.settle();
    const callId = wasStarted ? 2 : 1;
    scene.respond(wireOf(pattern(7), false), 16_384, callId);
    scene.instance.end(callId);
    await scene.settle();
    expect([next.status?.code, next.messages.map(({ bytes }) => decode(bytes))]).toEqual([0, [pattern(7)]]);
  });
});
