// SPDX-License-Identifier: Apache-2.0

import type { StaticReplyFacts } from "../codegenv1/resilience-facts.js";
import { StatusCode } from "../status.js";
import { statusCode } from "./code-rule.js";
import { checkFacts, type FactRule, type FactRules, facts, isFacts, json, required, show, text } from "./fact-rule.js";
import type { FactPlace } from "./policy-fault.js";

const replyRule = facts<StaticReplyFacts>(
  {
    code: required(statusCode, "must be a code from 0 to 16, received none"),
    message: text,
    payload: json,
    payloadJson: { check: checkJson },
    payloadBase64: { check: checkBase64 },
  },
  checkReply,
);

const actions: FactRules = {
  service: {
    check: (value, place) => {
      if (typeof value === "string" && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(value)) return;
      place.refuse(`must be a service's full name, such as acme.user.v1.UserArchive, received ${show(value)}`);
    },
  },
  reply: replyRule,
  failFast: {
    check: (value, place) => {
      if (value !== true) place.refuse(`must be true or absent, received ${show(value)}`);
    },
  },
};

/** Rule of `grpcrouter.v1.Fallback`: exactly one of what a call can get. */
export const fallbackRule: FactRule = {
  fields: actions,
  check: (value, place) => {
    if (!isFacts(value)) return place.refuse(`must be an object, received ${show(value)}`);
    const named = Object.values(value).filter((action) => action !== undefined).length;
    if (named !== 1) place.refuse(`must set one of service, reply and fail_fast, received ${named} of them`);
    checkFacts(value, actions, place);
  },
};

function checkReply({ code, ...said }: StaticReplyFacts, place: FactPlace): void {
  const payloads = (["payload", "payloadJson", "payloadBase64"] as const).filter((name) => said[name] !== undefined);
  const [first, second] = payloads;
  if (second !== undefined) place.inner(second, "payload_json").refuse("excludes payload; one of the two must go");
  if (code === StatusCode.ok && said.message !== undefined) {
    place.inner("message", "message").refuse("must not be set where code is OK, because OK has no message");
  }
  if (code !== StatusCode.ok && first !== undefined) {
    const name = first === "payload" ? "payload" : "payload_json";
    place.inner(first, name).refuse(`must not be set where code is not OK, because an error has no response`);
  }
}

function checkJson(value: unknown, place: FactPlace): void {
  if (typeof value !== "string") {
    place.refuse(`must be the response message as JSON text, received ${show(value)}`);
    return;
  }
  try {
    JSON.parse(value);
  } catch (error) {
    place.refuse(`must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkBase64(value: unknown, place: FactPlace): void {
  if (typeof value === "string" && /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(value)) return;
  place.refuse(`must be base64, received ${show(value)}`);
}
