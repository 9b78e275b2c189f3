// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { lowerSnakeCase, nameOf, type ProblemList, pathOfMethod } from "@grpc-router/protocol";

/** Names that a frame has already; `request` and `response` are its oneofs. */
const frameNames = ["head", "fragment", "request", "response"];

/**
 * Names the member of each method in the frames: the method in lower_snake_case. Where that name, or the JSON name made
 * of it, is not the only one, every method concerned gets its number behind, so that no name depends on the order.
 */
export function assignMemberNames(
  methods: readonly DescMethod[],
  numbers: readonly number[],
  problems: ProblemList,
): string[] {
  const plain = methods.map(({ name }) => lowerSnakeCase(name));
  const uses = countJsonNames([...frameNames, ...plain]);
  const names = plain.map((name, i) => (uses.get(protoCamelCase(name)) === 1 ? name : `${name}_${numbers[i]}`));
  const usesAfter = countJsonNames([...frameNames, ...names]);
  for (const [i, method] of methods.entries()) {
    const name = names[i] ?? "";
    if (usesAfter.get(protoCamelCase(name)) === 1) continue;
    const reason = `its member ${name} must have a name of its own, and another method's is like it. Rename one of them`;
    problems.add(method.parent.file, pathOfMethod(method), `Cannot name ${nameOf(method)}: ${reason}`);
  }
  return names;
}

/** Equal names have equal JSON names, so counting the latter finds both kinds of clash. */
function countJsonNames(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    const jsonName = protoCamelCase(name);
    counts.set(jsonName, (counts.get(jsonName) ?? 0) + 1);
  }
  return counts;
}
