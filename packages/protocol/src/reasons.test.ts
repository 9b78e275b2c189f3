// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FrameFault } from "./frame/frame-fault.js";
import { formatReason, isReason, reasonOfFault, reasons } from "./reasons.js";
import { statusName } from "./status.js";

/** Section 8 of the channel's specification, by status code. */
const specified = {
  UNAVAILABLE:
    "NO_INSTANCE INSTANCE_LOST REQUEUE_LIMIT CIRCUIT_OPEN ADMISSION_REJECTED NO_ROOM AFFINITY_LOST ROUTER_DRAINING INSTANCE_DRAINING SUPERSEDED KICKED HEARTBEAT_LOST TRANSPORT_STALLED",
  RESOURCE_EXHAUSTED:
    "QUEUE_FULL MESSAGE_TOO_LARGE METADATA_TOO_LARGE BUFFER_LIMIT CONNECTION_MEMORY MEMORY_EXHAUSTED REGISTRATION_RATE CONTROL_FLOOD",
  DEADLINE_EXCEEDED: "QUEUE_DEADLINE CALL_DEADLINE ATTEMPT_TIMEOUT HELLO_TIMEOUT",
  UNIMPLEMENTED: "METHOD_UNKNOWN CALL_UNSUPPORTED",
  INTERNAL:
    "POLICY_FAILED BAD_METADATA BAD_MESSAGE FRAME_MALFORMED FRAME_AMBIGUOUS FRAME_TOO_LARGE MEMBER_MISMATCH FRAGMENT_INVALID CALL_ID_ORDER CALL_UNKNOWN CALL_STATE CREDIT_EXCEEDED CREDIT_OVERFLOW CONTROL_UNKNOWN",
  INVALID_ARGUMENT: "HELLO_INVALID",
  FAILED_PRECONDITION: "REVISION_UNSUPPORTED SCHEMA_INCOMPATIBLE SERVICE_UNKNOWN",
  UNAUTHENTICATED: "CREDENTIAL_INVALID CREDENTIAL_EXPIRED",
  PERMISSION_DENIED: "SERVICE_NOT_ALLOWED ID_NOT_YOURS",
  ALREADY_EXISTS: "ID_IN_USE",
};

describe("reasons", () => {
  test("are those of the specification with its codes", () => {
    const actual = Object.entries(reasons).map(([reason, { code }]) => `${statusName(code)} ${reason}`);
    const wanted = Object.entries(specified).flatMap(([code, words]) =>
      words.split(" ").map((word) => `${code} ${word}`),
    );
    expect(actual.sort()).toEqual(wanted.sort());
  });

  test.each(Object.entries(reasons))("%s has a sentence that names it once", (reason, { text }) => {
    expect(text.split(`(${reason})`)).toHaveLength(2);
    expect(text).toMatch(/^[A-Z]/);
  });
});

describe("formatReason()", () => {
  test("puts the facts in", () => {
    expect(formatReason("NO_INSTANCE", { service: "acme.user.v1.UserService" })).toBe(
      "No instance of acme.user.v1.UserService is connected (NO_INSTANCE). Start one; see: grpc-router instances",
    );
    expect(formatReason("CALL_ID_ORDER", { received: 9, expected: 4 })).toBe(
      "Cannot start call 9: the next id must be 4 (CALL_ID_ORDER)",
    );
  });

  test("takes facts as they are and leaves a place without one", () => {
    expect(formatReason("HELLO_INVALID", { service: "{detail}$&", detail: "{service}" })).toBe(
      "Cannot register {detail}$&: {service} (HELLO_INVALID)",
    );
    // @ts-expect-error service is missing
    expect(formatReason("NO_INSTANCE", {})).toContain("{service}");
  });
});

describe("isReason()", () => {
  test.each([
    ["NO_INSTANCE", true],
    ["toString", false],
    ["", false],
  ])("%j: %s", (word, expected) => {
    expect(isReason(word)).toBe(expected);
  });
});

describe("reasonOfFault()", () => {
  test.each([
    ["none", undefined],
    ["malformed", "FRAME_MALFORMED"],
    ["ambiguous", "FRAME_AMBIGUOUS"],
    ["memberMismatch", "MEMBER_MISMATCH"],
    ["fragmentInvalid", "FRAGMENT_INVALID"],
    ["tooLarge", "FRAME_TOO_LARGE"],
    ["compressed", "FRAME_MALFORMED"],
  ] as const)("%s is %s", (fault, reason) => {
    expect(reasonOfFault(FrameFault[fault])).toBe(reason);
  });
});
