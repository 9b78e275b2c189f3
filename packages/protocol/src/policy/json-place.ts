// SPDX-License-Identifier: Apache-2.0

import { isStatusCode, parseStatusName } from "../status.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts, show } from "./fact-rule.js";

/** What was noted while a document was read. */
export interface JsonNotes {
  readonly faults: ConfigFault[];
  readonly warnings: ConfigFault[];
}

/** A value inside parsed JSON with its path; reads it as protobuf's JSON mapping writes it and notes what is wrong. */
export class JsonPlace {
  readonly value: unknown;
  readonly path: ConfigPath;
  readonly notes: JsonNotes;

  constructor(value: unknown, path: ConfigPath = [], notes: JsonNotes = { faults: [], warnings: [] }) {
    this.value = value;
    this.path = path;
    this.notes = notes;
  }

  /** A field of an object; undefined if it is absent or null, which is the same in protobuf's JSON. */
  field(name: string): JsonPlace | undefined {
    if (!isFacts(this.value) || !Object.hasOwn(this.value, name)) return undefined;
    const value = this.value[name];
    return value === null ? undefined : new JsonPlace(value, [...this.path, name], this.notes);
  }

  /** Names of an object's fields; none, with a fault, if it is no object. */
  names(): string[] {
    if (isFacts(this.value)) return Object.keys(this.value);
    this.refuse("an object");
    return [];
  }

  /** The items of a list; none, with a fault, if it is no list. */
  items(): JsonPlace[] {
    if (Array.isArray(this.value))
      return this.value.map((item, i) => new JsonPlace(item, [...this.path, i], this.notes));
    this.refuse("a list");
    return [];
  }

  text(): string | undefined {
    return typeof this.value === "string" ? this.value : this.refuse("a text");
  }

  flag(): boolean | undefined {
    return typeof this.value === "boolean" ? this.value : this.refuse("true or false");
  }

  /** A number, also as text. */
  number(): number | undefined {
    const number = typeof this.value === "string" && this.value !== "" ? Number(this.value) : this.value;
    return typeof number === "number" && Number.isFinite(number) ? number : this.refuse("a number");
  }

  /** Seconds as text, in milliseconds. Decimals after the ninth, as in an example of gRPC's own, do no harm. */
  duration(): number | undefined {
    const seconds = typeof this.value === "string" ? /^(-?\d+(?:\.\d*)?|-?\.\d+)s$/.exec(this.value)?.[1] : undefined;
    if (seconds === undefined) return this.refuse('a duration in seconds, such as "0.25s"');
    return Math.round(Number(seconds) * 1e9) / 1e6;
  }

  /** Status codes, by number or by name in any case. */
  codes(): number[] {
    return this.items().flatMap((item) => {
      const code = typeof item.value === "string" ? parseStatusName(item.value.toUpperCase()) : item.value;
      if (typeof code === "number" && isStatusCode(code)) return [code];
      item.refuse("a status code, such as UNAVAILABLE");
      return [];
    });
  }

  /** Notes that the value is not what is allowed. */
  refuse(allowed: string): undefined {
    this.note(`it must be ${allowed}, received ${this.value === null ? "nothing" : show(this.value)}`);
  }

  /** Notes that a field is missing. */
  missing(name: string): void {
    this.notes.faults.push({ path: [...this.path, name], reason: "it must be there" });
  }

  /** Notes a fault in its own words. */
  note(reason: string): void {
    this.notes.faults.push({ path: this.path, reason });
  }

  /** Notes what does nothing here. */
  warn(reason: string): void {
    this.notes.warnings.push({ path: this.path, reason });
  }
}
