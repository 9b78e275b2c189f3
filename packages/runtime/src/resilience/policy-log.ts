// SPDX-License-Identifier: Apache-2.0
import { type Logger, stackOf } from "@grpc-router/protocol";
import type { RouterCounters } from "../router-counters.js";
import type { PolicyEvents } from "./policy-events.js";

/** Writes what policies change to the log, and counts it. */
export function createPolicyLog(logger: Logger, counters: RouterCounters): PolicyEvents {
  return {
    onBreaker(subject, instance, change) {
      counters.breakers[change]++;
      const where = instance === undefined ? subject : `${subject} on ${instance.instanceId}`;
      const fields = { subject, change, ...(instance === undefined ? {} : { instance: instance.instanceId }) };
      if (change === "closed") {
        logger.log("info", "breaker_closed", `The circuit breaker of ${where} is closed: calls go there again`, fields);
      } else {
        const text = `The circuit breaker of ${where} has ${change}: it fails, and gets no calls for a while`;
        logger.log("warn", "breaker_opened", text, fields);
      }
    },
    onEjected(service, { instanceId: instance }, cause, forMs) {
      counters.ejections[cause]++;
      const text = `${instance} is ejected from ${service} for ${forMs} ms (${cause}): it gets no calls while the others do better`;
      logger.log("warn", "ejected", text, { service, instance, cause, forMs });
    },
    onBalancerError(subject, error) {
      logger.log("error", "policy_failed", `The balancer of ${subject} threw: ${stackOf(error)}`, { method: subject });
    },
    onRestored(service, { instanceId: instance }) {
      logger.log("info", "restored", `${instance} gets calls of ${service} again`, { service, instance });
    },
  };
}
