// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "@grpc-router/protocol";
import type { Forwarder } from "./forward/forwarder.js";

/** Looks at the memory of the process, and logs when it is used up or there again. */
export function lookAtMemory({ forwarder, logger }: { readonly forwarder: Forwarder; readonly logger: Logger }): void {
  const { memory } = forwarder.context;
  if (!memory.look()) return;
  if (memory.exhausted) {
    const text =
      "The memory of this process is used up: new calls are refused (MEMORY_EXHAUSTED), those that run go on";
    logger.log("error", "memory_exhausted", text);
  } else logger.log("info", "memory_available", "There is memory again: new calls are taken");
}
