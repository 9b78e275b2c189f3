// SPDX-License-Identifier: Apache-2.0

/** The way to a value inside configuration: names of fields, indexes of lists. */
export type ConfigPath = readonly (string | number)[];

/** What is wrong with a value of configuration, or what of it does nothing. */
export interface ConfigFault {
  readonly path: ConfigPath;
  /** What must hold and what was received; begins with the field's name or with "it" for the value itself. */
  readonly reason: string;
}

/** `services["acme.user.v1.UserService"].methods.GetUser.retry`; of the whole: "". */
export function formatConfigPath(path: ConfigPath): string {
  const steps = path.map((step, index) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[A-Za-z_]\w*$/.test(step)) return `[${JSON.stringify(step)}]`;
    return index === 0 ? step : `.${step}`;
  });
  return steps.join("");
}

/** `services…retry: max_attempts must be 2 to 5, received 7`, one fault a line. */
export function formatConfigFaults(faults: readonly ConfigFault[]): string {
  return faults
    .map(({ path, reason }) => (path.length === 0 ? reason : `${formatConfigPath(path)}: ${reason}`))
    .join("\n");
}
