// SPDX-License-Identifier: Apache-2.0

import { isStatusCode, StatusCode, statusName } from "../status.js";
import { type FactRule, show } from "./fact-rule.js";

/** Statuses that say that the caller is wrong, or went away: an instance that answers so is as good as any. */
const callerMistakes: ReadonlySet<number> = new Set([
  StatusCode.cancelled,
  StatusCode.invalidArgument,
  StatusCode.notFound,
  StatusCode.alreadyExists,
  StatusCode.permissionDenied,
  StatusCode.failedPrecondition,
  StatusCode.outOfRange,
  StatusCode.unauthenticated,
]);

/** A list of status codes other than OK. */
export const statusCodes: FactRule = {
  check: (value, place) => {
    if (!Array.isArray(value)) return place.refuse(`must be a list of status codes, received ${show(value)}`);
    const wrong: unknown = value.find((code) => !isStatusCode(code) || code === StatusCode.ok);
    if (wrong !== undefined)
      place.refuse(`must name codes from 1 to 16 (0 is OK or unspecified), received ${show(wrong)}`);
  },
};

/** The same for those that count as failures of an instance or a service. */
export const failureCodes: FactRule = {
  check: (value, place) => {
    const before = place.faults.length;
    statusCodes.check(value, place);
    if (place.faults.length > before || !Array.isArray(value)) return;
    const wrong: unknown = value.find((code) => callerMistakes.has(code));
    if (typeof wrong !== "number") return;
    place.refuse(`must not name ${statusName(wrong)}: it is the caller's doing, whichever instance answers`);
  },
};

/** One status code, OK included. */
export const statusCode: FactRule = {
  check: (value, place) => {
    if (typeof value === "number" && isStatusCode(value)) return;
    place.refuse(`must be a code from 0 to 16, received ${show(value)}`);
  },
};
