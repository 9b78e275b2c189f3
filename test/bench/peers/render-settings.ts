// SPDX-License-Identifier: Apache-2.0

/** What a settings file of a peer is filled in with; a name whose value is true or false is a condition. */
export type SettingValues = Readonly<Record<string, string | number | boolean>>;

/**
 * Fills in `@name@` and keeps the lines between `#if name`, `#else` and `#end` that hold.
 *
 * @throws Error for a name that has no value, and for conditions that are not closed.
 */
export function renderSettings(template: string, values: SettingValues): string {
  const lines: string[] = [];
  let condition: boolean | undefined;
  for (const line of template.split("\n")) {
    const [, word = "", name = ""] = /^#(if|else|end)\b ?(\w*)$/.exec(line) ?? [];
    if (word === "if") condition = settingOf(values, name) === true;
    else if (word === "else") condition = !condition;
    else if (word === "end") condition = undefined;
    else if (condition !== false) lines.push(fillIn(line, values));
  }
  if (condition !== undefined) throw new Error("Cannot render settings: every #if must have its #end, received none");
  return lines.join("\n");
}

function fillIn(line: string, values: SettingValues): string {
  return line.replaceAll(/@(\w+)@/g, (_, name: string) => String(settingOf(values, name)));
}

function settingOf(values: SettingValues, name: string): string | number | boolean {
  const value = values[name];
  if (value === undefined) throw new Error(`Cannot render settings: ${name} must have a value, received none`);
  return value;
}
