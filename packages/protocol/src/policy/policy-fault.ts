// SPDX-License-Identifier: Apache-2.0

/** What is wrong with facts. */
export interface PolicyFault {
  /** Names in the facts from the outside in, such as ["retry", "maxAttempts"]; empty: the facts as a whole. */
  readonly path: readonly string[];
  /** What must hold and what was received, with the .proto's names: "max_attempts must be 2 to 5, received 7". */
  readonly reason: string;
}

/** A value inside facts while it is checked: where it stands, what people call it, and the list for its faults. */
export class FactPlace {
  readonly path: readonly string[];
  readonly faults: PolicyFault[];
  /** The names from the policy inwards: "" for the facts, "it" for one policy, then "adaptive.min_limit". */
  readonly #name: string;

  constructor(faults: PolicyFault[], path: readonly string[] = [], name = "") {
    this.faults = faults;
    this.path = path;
    this.#name = name;
  }

  /** The place of a fact inside this one. */
  inner(key: string, protoName: string): FactPlace {
    if (this.#name === "") return this.named(key, "it");
    return this.named(key, this.#name === "it" ? protoName : `${this.#name}.${protoName}`);
  }

  /** The place of a fact inside this one, under a name of its own. */
  named(key: string, name: string): FactPlace {
    return new FactPlace(this.faults, [...this.path, key], name);
  }

  /** Notes a fault that begins with this place's name: "must be 2 to 5, received 7". */
  refuse(predicate: string): void {
    this.note(this.#name === "" ? predicate : `${this.#name} ${predicate}`);
  }

  /** Notes a fault in its own words. */
  note(reason: string): void {
    this.faults.push({ path: this.path, reason });
  }
}
