// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptionsSchema, method as methodOption } from "../gen/grpcrouter/v1/options_pb.js";
import { FIRST_METHOD_NUMBER, isMethodNumber, methodNumber } from "../method-number.js";
import { nameOf } from "./method-options.js";
import { formatPlace, type ProblemList } from "./problem-list.js";
import { pathOfMethod, pathOfMethodOption } from "./source-position.js";

/** A method and the number that its author wrote for it, if any. */
export interface NumberedMethod {
  readonly desc: DescMethod;
  /** From the option `channel_number`. */
  readonly option: number | undefined;
  /** From the plugin parameter `pin`. */
  readonly pin: number | undefined;
}

interface Choice {
  readonly desc: DescMethod;
  readonly number: number;
  /** Where to point when the number cannot be used. */
  readonly path: readonly number[];
  /** Whether a person chose it. */
  readonly chosen: boolean;
}

/**
 * Gives each method of a service its number on channels: the option's, else the pin's, else the hash of its name.
 * Two equal numbers are a problem that names the pin to write, because later tools would only name generated code.
 */
export function assignChannelNumbers(methods: readonly NumberedMethod[], problems: ProblemList): number[] {
  const choices = methods.map(choose);
  const holders = new Map<number, Choice>();
  const used = new Set(choices.map(({ number }) => number));
  for (const choice of choices) {
    const holder = holders.get(choice.number);
    if (holder === undefined) {
      holders.set(choice.number, choice);
      continue;
    }
    const pin = findFreePin(used);
    used.add(pin);
    if (holder.chosen && !choice.chosen) reportCollision(holder, choice, pin, problems);
    else reportCollision(choice, holder, pin, problems);
  }
  return choices.map(({ number }) => number);
}

function choose({ desc, option, pin }: NumberedMethod): Choice {
  if (option !== undefined) {
    const path = pathOfMethodOption(desc, methodOption.number, MethodOptionsSchema.field.channelNumber.number);
    return { desc, number: option, path, chosen: true };
  }
  return { desc, number: pin ?? methodNumber(desc.name), path: pathOfMethod(desc), chosen: pin !== undefined };
}

function reportCollision(choice: Choice, holder: Choice, pin: number, problems: ProblemList): void {
  const { file, typeName } = choice.desc.parent;
  const by = `${holder.desc.name} (${formatPlace(file, pathOfMethod(holder.desc))})`;
  const remedy =
    `Write: option (grpcrouter.v1.method).channel_number = ${pin}; ` +
    `or the parameter pin=${typeName}.${choice.desc.name}:${pin}`;
  const message = `Cannot number ${nameOf(choice.desc)}: ${choice.number} is taken by ${by}. ${remedy}`;
  problems.add(file, choice.path, message);
}

function findFreePin(used: ReadonlySet<number>): number {
  let pin = FIRST_METHOD_NUMBER;
  while (!isMethodNumber(pin) || used.has(pin)) pin++;
  return pin;
}
