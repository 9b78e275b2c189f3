// SPDX-License-Identifier: Apache-2.0

import { dirname, resolve } from "node:path";
import type { ConfigFault, ConfigPath } from "@grpc-router/protocol";
import { CONFIG_FILES } from "../limits.js";
import { firstLine, NodeError } from "../node-error.js";
import { type ConfigMistake, type ConfigPlace, textMistakes } from "./config-mistake.js";
import { isMap, lookUp, mergeValues } from "./merge-values.js";
import { openDocument, readDocument } from "./open-document.js";
import { substituteVariables, type Variables } from "./substitute-variables.js";

/** A file that was read, or could not be. */
export interface ConfigFile {
  /** As it was given. */
  readonly path: string;
  readonly fullPath: string;
  /** Of one that cannot be read, why, as `watchFiles` finds it. */
  readonly text: string;
}

/** Files of configuration, merged into one value that still knows where each of its parts stood. */
export interface ConfigFiles {
  /** What they say together, variables and includes done. */
  readonly value: Readonly<Record<string, unknown>>;
  /** What is wrong with them as texts; what is wrong with what they say is found later. */
  readonly mistakes: readonly ConfigMistake[];
  /** All of them, included ones first, in the order in which they count. */
  readonly files: readonly ConfigFile[];
  /** Where the end of a path stands, or the closest around it, in the last file that says it. */
  findPlace(path: ConfigPath): ConfigPlace;
  /** Whether a text came from a variable, and so may stand for a number or a flag. */
  isSubstituted(path: ConfigPath): boolean;
}

/** How files are read. */
export interface ReadConfigFilesOptions {
  /** Variables for `${NAME}`. */
  readonly variables: Variables;
  /** A text that goes before all files, as an operator has sent it to the running router. */
  readonly applied?: AppliedText | undefined;
  /** The folder that relative paths of `paths` are taken from; mistakes name files as they were given. */
  readonly folder: string;
}

/** What an operator has sent to a running router. */
export interface AppliedText {
  /** What places in it are called by. */
  readonly name: string;
  /** YAML or JSON. */
  readonly text: string;
}

/**
 * What it may say: nothing that names a file or a variable, since whoever sends it need not be somebody who may read what
 * the router's process can, or choose code that it runs.
 */
const appliable: readonly RegExp[] = [
  /^policies\b/,
  /^instances\.routers\b/,
  /^drain\.grace$/,
  /^observability\.log\.(?:level|modules)\b/,
];

interface Layer {
  readonly value: unknown;
  readonly substituted: ReadonlySet<string>;
  readonly findPlace: (path: ConfigPath) => ConfigPlace;
}

/**
 * Reads files in order, the later goes before the earlier, and what each of them includes before itself. Never throws:
 * whatever is wrong is among the mistakes.
 */
export function readConfigFiles(paths: readonly string[], options: ReadConfigFilesOptions): ConfigFiles {
  const reader = new FileReader(options);
  for (const path of paths) reader.read(path, []);
  if (options.applied !== undefined) reader.readApplied(options.applied);
  const { layers, mistakes, files } = reader;
  const value = layers.reduce<unknown>((merged, layer) => mergeValues(merged, layer.value), {});
  const start: ConfigPlace = { file: paths[0] ?? "configuration", line: 1, column: 1 };
  const layerOf = (path: ConfigPath) => layers.findLast((layer) => lookUp(layer.value, path).found);
  return {
    value: isMap(value) ? value : {},
    mistakes,
    files,
    findPlace(path) {
      for (let length = path.length; length > 0; length--) {
        const part = path.slice(0, length);
        const layer = layerOf(part);
        if (layer !== undefined) return layer.findPlace(part);
      }
      return start;
    },
    isSubstituted: (path) => layerOf(path)?.substituted.has(JSON.stringify(path)) === true,
  };
}

type FaultPlace = Omit<ConfigMistake, "reason">;

class FileReader {
  readonly layers: Layer[] = [];
  readonly files: ConfigFile[] = [];
  readonly mistakes: ConfigMistake[] = [];
  readonly #options: ReadConfigFilesOptions;
  #opened = 0;

  constructor(options: ReadConfigFilesOptions) {
    this.#options = options;
  }

  /** `within`: the files that include this one, outermost first; `place`: where it is asked for. */
  read(
    path: string,
    within: readonly string[],
    place: FaultPlace = { file: path, line: 1, column: 1, path: [] },
  ): void {
    const full = resolve(this.#options.folder, path);
    if (within.includes(full)) {
      const names = [...within.slice(within.indexOf(full)), full].map((name) => this.#shown(name)).join(" → ");
      this.mistakes.push({ ...place, reason: `a file must not include itself, received ${names}` });
      return;
    }
    if (++this.#opened > CONFIG_FILES) {
      // One message, not one for each of the files that are too many.
      if (this.#opened > CONFIG_FILES + 1) return;
      this.mistakes.push({ ...place, reason: `at most ${CONFIG_FILES} files must be read, received more` });
      return;
    }
    try {
      this.#open(path, [...within, full]);
    } catch (error) {
      // Who watches files wants to know when it is there.
      if (error instanceof NodeError && error.code === "FILE_UNREADABLE") {
        this.files.push({ path, fullPath: full, text: firstLine(error.cause) });
      }
      this.mistakes.push({ ...place, reason: firstLine(error) });
    }
  }

  /** Takes a text as the last file: without includes and variables, and of what may be said so. */
  readApplied({ name, text }: AppliedText): void {
    const document = readDocument(text);
    const findPlace = (at: ConfigPath): ConfigPlace => ({ file: name, ...document.findPosition(at) });
    for (const mistake of textMistakes(name, document)) this.mistakes.push(mistake);
    const { value = {} } = document;
    if (isMap(value)) this.layers.push({ value, substituted: new Set(), findPlace });
    for (const path of isMap(value) ? saidPaths(value) : [[]]) {
      if (path.length > 0 && appliable.some((pattern) => pattern.test(path.join(".")))) continue;
      const reason =
        "it must be said in a file; policies, instances.routers, drain.grace, observability.log.level and modules may be applied";
      if (document.mistakes.length === 0) this.mistakes.push({ ...findPlace(path), path, reason });
    }
  }

  #open(path: string, chain: readonly string[]): void {
    const { text, document } = openDocument(resolve(this.#options.folder, path), "the configuration");
    const findPlace = (at: ConfigPath): ConfigPlace => ({ file: path, ...document.findPosition(at) });
    const note = ({ path: at, reason }: ConfigFault): void => {
      this.mistakes.push({ ...findPlace(at), path: at, reason });
    };
    for (const mistake of textMistakes(path, document)) this.mistakes.push(mistake);
    const { value = {}, faults, substituted } = substituteVariables(document.value, this.#options.variables);
    for (const fault of faults) note(fault);
    // After what it includes, which it goes before; in the list of files, too.
    if (!isMap(value)) {
      this.files.push({ path, fullPath: chain.at(-1) ?? path, text });
      if (document.mistakes.length === 0) note({ path: [], reason: `it must have fields, received ${shown(value)}` });
      return;
    }
    const { include, ...own } = value;
    for (const [index, file] of includesOf(include, note).entries()) {
      const at = ["include", index];
      this.read(this.#relative(path, file), chain, { ...findPlace(at), path: at });
    }
    this.files.push({ path, fullPath: chain.at(-1) ?? path, text });
    this.layers.push({ value: own, substituted, findPlace });
  }

  /** A path beside `file`, given as `file` was. */
  #relative(file: string, name: string): string {
    const full = resolve(dirname(resolve(this.#options.folder, file)), name);
    return this.#shown(full);
  }

  #shown(full: string): string {
    const root = `${this.#options.folder.replace(/\/$/, "")}/`;
    return full.startsWith(root) ? full.slice(root.length) : full;
  }
}

/** Paths of what a value says, as far down as rules of what may be applied go. */
function saidPaths(value: Readonly<Record<string, unknown>>, within: ConfigPath = []): ConfigPath[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = [...within, name];
    return isMap(inner) && path.length < 3 && name !== "policies" ? saidPaths(inner, path) : [path];
  });
}

function includesOf(include: unknown, note: (fault: ConfigFault) => void): string[] {
  if (include === undefined) return [];
  if (!Array.isArray(include)) {
    note({ path: ["include"], reason: `it must be a list of files, received ${shown(include)}` });
    return [];
  }
  return include.flatMap((file: unknown, index) => {
    if (typeof file === "string" && file !== "") return [file];
    note({ path: ["include", index], reason: `it must be a file's name, received ${shown(file)}` });
    return [];
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : (JSON.stringify(value) ?? "nothing");
}
