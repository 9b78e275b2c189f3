// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import { describe, expect, it } from "vitest";
import { substituteVariables } from "./substitute-variables.js";

const variables = { PORT: "9000", EMPTY: "", TEXT: "a: {b: 1}\n${PORT}" };

describe("substituteVariables()", () => {
  it.each([
    ["${PORT}", "9000"],
    ["0.0.0.0:${PORT}", "0.0.0.0:9000"],
    ["${PORT}${PORT}", "90009000"],
    ["${NONE:-8080}", "8080"],
    ["${NONE:-}", ""],
    ["${EMPTY:-8080}", "8080"],
    ["${EMPTY}", ""],
    ["${NONE:-a:-b c}", "a:-b c"],
    ["$${PORT}", "${PORT}"],
    ["$$${PORT}", "$${PORT}"],
    ["$PORT {PORT} $", "$PORT {PORT} $"],
    // What a variable holds is a text and nothing else.
    ["${TEXT}", "a: {b: 1}\n${PORT}"],
  ])("of %j makes %j", (text, expected) => {
    expect(substituteVariables([text], variables)).toMatchObject({ value: [expected], faults: [] });
  });

  it.each([
    ["${NONE}", "the variable NONE must be set, it is not; ${NONE:-default} has a default"],
    ["${toString}", "the variable toString must be set, it is not; ${toString:-default} has a default"],
    ["${}", "a variable must be ${NAME} or ${NAME:-default}, received ${}; write $${ for ${ itself"],
    ["${A-B}", "a variable must be ${NAME} or ${NAME:-default}, received ${A-B}; write $${ for ${ itself"],
    ["${PORT", "a variable must be ${NAME} or ${NAME:-default}, received ${; write $${ for ${ itself"],
  ])("refuses %j", (text, reason) => {
    expect(substituteVariables({ a: [text] }, variables).faults).toEqual([{ path: ["a", 0], reason }]);
  });

  it("says which texts came from variables, and leaves names alone", () => {
    const value = { "${PORT}": "x", a: ["${PORT}", 1, null, true], b: { c: "y" } };
    const { value: made, substituted } = substituteVariables(value, variables);
    expect(made).toEqual({ "${PORT}": "x", a: ["9000", 1, null, true], b: { c: "y" } });
    expect([...substituted]).toEqual(['["a",0]']);
  });

  it("refuses what is nested too deeply", () => {
    let value: unknown = "x";
    for (let depth = 0; depth < 5_000; depth++) value = [value];
    const { faults } = substituteVariables(value, {});
    expect(faults.map(({ reason }) => reason)).toEqual(["it must be nested at most 100 deep, received more"]);
  });
});
