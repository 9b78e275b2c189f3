// SPDX-License-Identifier: Apache-2.0

/** An invariant that does not hold: what a fuzzer looks for. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Throws a `Violation` that says what was found, unless `holds`. */
export function ensure(holds: boolean, rule: string, found?: () => unknown): asserts holds {
  if (holds) return;
  throw new Violation(found === undefined ? rule : `${rule}, found ${show(found())}`);
}

/** Throws a `Violation` unless both say the same. */
export function ensureSame(actual: unknown, expected: unknown, rule: string): void {
  const [left, right] = [show(actual), show(expected)];
  if (left !== right) throw new Violation(`${rule}:\n  found    ${left}\n  expected ${right}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? `hex ${Buffer.from(part).toString("hex")}` : part,
  );
}
