// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath } from "@grpc-router/protocol";
import type { ConfigDocument, FilePosition, TextMistake } from "./config-document.js";

/** A text in quotes, a mark, or anything else up to the next of these. */
const tokens = /"(?:[^"\\\n]|\\.)*"|[{}[\],:]|"|[^ \t\r\n{}[\],:"]+/g;

/** A list or an object while it is walked. */
interface Level {
  readonly path: ConfigPath;
  readonly close: "]" | "}";
  /** Of a list the number of items, of an object the name whose value comes. */
  at: number | string;
  readonly names: Set<string>;
}

/** What may come next. */
type Next = "value" | "value or ]" | "name" | "name or }" | ":" | ", or the end" | "the end of the file";

/**
 * Parses a JSON file. Tells where it is none, which JSON.parse of some versions does not, and names that are there twice,
 * of which JSON takes the last without a word.
 */
export function parseJsonDocument(text: string): ConfigDocument {
  const source = text.replace(/^\uFEFF/, "");
  const walker = new JsonWalker(source);
  const fault = source.trim() === "" ? undefined : walker.walk();
  const findPosition = (path: ConfigPath) => positionOf(source, walker.offsetOf(path));
  if (fault !== undefined) return { value: undefined, mistakes: [fault], findPosition };
  const value: unknown = source.trim() === "" ? undefined : JSON.parse(source);
  return { value, mistakes: walker.twice, findPosition };
}

/** Goes over a text once, without recursion: the depth is the file's. */
class JsonWalker {
  readonly twice: TextMistake[] = [];
  readonly #source: string;
  readonly #levels: Level[] = [];
  /** Offsets of names and items by their paths as JSON. */
  readonly #offsets = new Map<string, number>();
  #next: Next = "value";

  constructor(source: string) {
    this.#source = source;
  }

  /** The first place that is no JSON, if there is one. */
  walk(): TextMistake | undefined {
    for (const { 0: token, index } of this.#source.matchAll(tokens)) {
      if (this.#take(token, index)) continue;
      const received = token.length > 40 ? `${token.slice(0, 40)}…` : token;
      return {
        ...positionOf(this.#source, index),
        reason: `the file must be JSON: ${this.#expected()} must come here, received ${received}`,
      };
    }
    if (this.#next === "the end of the file") return undefined;
    const end = positionOf(this.#source, this.#source.trimEnd().length);
    return { ...end, reason: `the file must be JSON: ${this.#expected()} must come here, received its end` };
  }

  /** Where the end of a path stands, or the closest around it. */
  offsetOf(path: ConfigPath): number {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return offset;
    }
    return this.#offsets.get("[]") ?? 0;
  }

  /** Whether the token may stand here. */
  #take(token: string, offset: number): boolean {
    const level = this.#levels.at(-1);
    switch (this.#next) {
      case "value":
        return this.#takeValue(token, offset, level);
      case "value or ]":
        return token === "]" ? this.#close() : this.#takeValue(token, offset, level);
      case "name":
        return this.#takeName(token, offset, level);
      case "name or }":
        return token === "}" ? this.#close() : this.#takeName(token, offset, level);
      case ":":
        if (token !== ":") return false;
        this.#next = "value";
        return true;
      case ", or the end":
        if (token === level?.close) return this.#close();
        if (token !== ",") return false;
        this.#next = level?.close === "]" ? "value" : "name";
        return true;
      case "the end of the file":
        return false;
    }
  }

  #takeValue(token: string, offset: number, level: Level | undefined): boolean {
    const path = level === undefined ? [] : [...level.path, level.at];
    if (level?.close !== "}") this.#offsets.set(JSON.stringify(path), offset);
    if (typeof level?.at === "number") level.at++;
    if (token === "{" || token === "[") {
      this.#levels.push({ path, close: token === "{" ? "}" : "]", at: 0, names: new Set() });
      this.#next = token === "{" ? "name or }" : "value or ]";
      return true;
    }
    if (!isScalar(token)) return false;
    this.#leave();
    return true;
  }

  #takeName(token: string, offset: number, level: Level | undefined): boolean {
    if (level === undefined || !token.startsWith('"') || !isScalar(token)) return false;
    const name = String(JSON.parse(token));
    if (level.names.has(name)) {
      this.twice.push({ ...positionOf(this.#source, offset), reason: `the name ${token} is there twice` });
    }
    level.names.add(name);
    level.at = name;
    this.#offsets.set(JSON.stringify([...level.path, name]), offset);
    this.#next = ":";
    return true;
  }

  #close(): true {
    this.#levels.pop();
    this.#leave();
    return true;
  }

  /** A value is complete. */
  #leave(): void {
    this.#next = this.#levels.length === 0 ? "the end of the file" : ", or the end";
  }

  #expected(): string {
    switch (this.#next) {
      case "value":
      case "value or ]":
        return "a value";
      case "name":
      case "name or }":
        return "a name in quotes";
      case ", or the end":
        return `a comma or ${this.#levels.at(-1)?.close}`;
      case ":":
        return "a colon";
      case "the end of the file":
        return "nothing more";
    }
  }
}

function isScalar(token: string): boolean {
  try {
    JSON.parse(token);
    return true;
  } catch {
    return false;
  }
}

function positionOf(source: string, offset: number): FilePosition {
  const before = source.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}
