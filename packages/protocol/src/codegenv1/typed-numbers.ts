// SPDX-License-Identifier: Apache-2.0

import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { FIRST_MEMBER_NUMBER } from "../frame/read-frame.js";

/** Numbers of the methods that have a member in both frames of a generated channel; all others travel as fragments. */
export function typedNumbers(channel: DescService): ReadonlySet<number> {
  const register = channel.methods.find((method) => method.name === "Register");
  if (register === undefined) return new Set();
  const replies = memberNumbers(register.input);
  return new Set([...memberNumbers(register.output)].filter((number) => replies.has(number)));
}

function memberNumbers(frame: DescMessage): Set<number> {
  return new Set(frame.fields.map((field) => field.number).filter((number) => number >= FIRST_MEMBER_NUMBER));
}
