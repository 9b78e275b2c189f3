// SPDX-License-Identifier: Apache-2.0
// A raw instance as a process of its own: `node raw-instance-process.ts --port N --id ID --habits JSON [--capacity N]`.
// Prints `registered pid PID`; its link changes its habits, tells the Starts it got, and ends its connection.
import { parseArgs } from "node:util";
import { linkToParent } from "../../../harness/link.ts";
import { monotonicMs } from "../monotonic.ts";
import { type RawHabits, startRawInstance } from "./raw-instance.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    id: { type: "string", default: "raw" },
    habits: { type: "string", default: "{}" },
    capacity: { type: "string" },
  },
});
const instance = await startRawInstance({
  port: Number(values.port),
  id: values.id,
  habits: JSON.parse(values.habits),
  capacity: values.capacity === undefined ? undefined : Number(values.capacity),
});
linkToParent({
  habits: (habits: RawHabits) => {
    instance.habits = habits;
  },
  /** Starts since the last time it was asked. */
  starts: () => instance.starts.splice(0),
  startCount: () => instance.starts.length,
  /** Ends the connection with FIN; answers when that was. */
  finish: () => {
    const ms = monotonicMs();
    instance.finish();
    return ms;
  },
  /** Ends it with RST; answers when that was. */
  reset: () => {
    const ms = monotonicMs();
    instance.reset();
    return ms;
  },
});
console.log(`registered pid ${process.pid}`);
