// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { IndentationText, Project, type SourceFile, ts } from "ts-morph";
import { missingFile, usageError } from "../cli-error.js";
import { addBridge, type BridgeModule } from "./add-bridge.js";
import { addImports, type WantedImport } from "./add-imports.js";
import { addMethods, importOf } from "./add-methods.js";
import { findImplementations, type Implementation } from "./find-implementations.js";
import { readServiceShapes, type ServiceShape } from "./service-shape.js";
import { applyEdits, styleOf, type TextEdit } from "./text-edits.js";

/** What to do with a file. */
export interface ScaffoldOptions {
  /** The service's name in the file, or `pkg.Service`; needed where the file implements several. */
  readonly service?: string | undefined;
  /** Generated file (`x_pb.ts`, `x_pb.d.ts`) with the service of a file that implements none yet. */
  readonly from?: string | undefined;
  /** Adds the lines that dial the router, too. */
  readonly bridge: boolean;
}

/** What came of it. */
export interface Scaffolded {
  readonly before: string;
  readonly after: string;
  readonly service: string;
  /** Methods that were added. */
  readonly methods: readonly string[];
  readonly bridge: boolean;
}

/**
 * Adds the methods of a service that `path` does not implement yet, and on request the bridge. All other text stays as it
 * is; a second run changes nothing. Nothing is written.
 *
 * @throws CliError if there is no implementation, or generated code cannot be found.
 */
export function scaffoldFile(path: string, options: ScaffoldOptions): Scaffolded {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
    skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces },
  });
  const begun = withImplementation(path, before, options, project);
  const file = project.createSourceFile(path, begun, { overwrite: true });
  const style = styleOf(file);
  const edits: TextEdit[] = [];
  const imports: WantedImport[] = [];
  const { implementation, shape, from } = choose(file, options, project);
  const added = addMethods(implementation, shape, {
    serviceFrom: from,
    style,
    marksUnused: compilerOptions(path).noUnusedParameters === true,
  });
  edits.push(...added.edits);
  imports.push(...added.imports);
  if (options.bridge) {
    const bridge = addBridge(file, style, { implementation, bridge: bridgeModule(file, from, project) });
    edits.push(...bridge.edits);
    imports.push(...bridge.imports);
  }
  const after = applyEdits(begun, [...edits, ...addImports(file, style, imports)]);
  return { before, after, service: shape.typeName, methods: added.names, bridge: options.bridge };
}

/** The text, with an empty implementation behind it if `--from` asks for one that is not there. */
function withImplementation(path: string, text: string, options: ScaffoldOptions, project: Project): string {
  const { from } = options;
  if (from === undefined) return text;
  const file = project.createSourceFile(path, text, { overwrite: true });
  const shapes = existsSync(from) ? readServiceShapes(project.addSourceFileAtPath(from)) : [];
  const names = shapes.map(({ name }) => name);
  const shape = shapes.find((one) => options.service === undefined || isNamed(one, options.service));
  if (shape === undefined || (options.service === undefined && shapes.length > 1)) {
    throw usageError(
      `Cannot take a service from ${from}: it must be a file of protoc-gen-es${names.length === 0 ? "" : ` and --service one of ${names.join(", ")}`}, received ${options.service ?? "none"}`,
    );
  }
  if (findImplementations(file).some(({ service }) => service === shape.name)) return text;
  const { quote, end, newline } = styleOf(file);
  const module = specifierOf(path, from);
  const name = shape.name.charAt(0).toLowerCase() + shape.name.slice(1);
  const declared = `export const ${name}: ServiceImpl<typeof ${shape.name}> = {}${end}`;
  const withObject = `${text}${text === "" ? "" : newline}${declared}${newline}`;
  const begun = project.createSourceFile(path, withObject, { overwrite: true });
  const edits = addImports(begun, { quote, end, newline, indent: "  " }, [
    { name: "ServiceImpl", from: "@connectrpc/connect", isType: true },
    { name: shape.name, from: module, isType: true },
  ]);
  return applyEdits(withObject, edits);
}

interface Chosen {
  readonly implementation: Implementation;
  readonly shape: ServiceShape;
  readonly from: string;
}

function choose(file: SourceFile, { service }: ScaffoldOptions, project: Project): Chosen {
  const found = findImplementations(file).flatMap((implementation): Chosen[] => {
    const from = importOf(file, implementation.service);
    if (from === undefined) return [];
    const shape = readServiceShapes(moduleOf(file, from.from, project)).find(({ name }) => name === from.name);
    return shape === undefined ? [] : [{ implementation, shape, from: from.from }];
  });
  const matching = found.filter(({ shape }) => service === undefined || isNamed(shape, service));
  const [chosen] = matching;
  if (chosen !== undefined && matching.length === 1) return chosen;
  const names = found.map(({ shape }) => shape.typeName);
  if (names.length > 0) {
    throw usageError(
      `Cannot choose what to add to: --service must be one of ${names.join(", ")}, received ${service ?? "none"}`,
    );
  }
  throw missingFile(
    `Cannot find an implementation in ${basename(file.getFilePath())}: it must have an object of type ServiceImpl<typeof X>, a class that implements it, or router.service(X, {…}), with X imported from generated code. Give --from <x_pb.ts> for a first one`,
  );
}

function isNamed({ name, typeName }: ServiceShape, wanted: string): boolean {
  return wanted === name || wanted === typeName;
}

function bridgeModule(file: SourceFile, from: string, project: Project): BridgeModule {
  const module = from.replace(/_pb(\.[cm]?[jt]s)?$/, "_bridge$1");
  return { from: module, file: moduleOf(file, module, project) };
}

/** The file of a module that `file` may import, as the compiler finds it. */
function moduleOf(file: SourceFile, specifier: string, project: Project): SourceFile {
  const path = file.getFilePath();
  const found = ts.resolveModuleName(specifier, path, compilerOptions(path), ts.sys).resolvedModule?.resolvedFileName;
  if (found === undefined) {
    throw missingFile(
      `Cannot read ${specifier}: ${basename(path)} must be able to import it. Run npx buf generate, with the plugins of the README`,
    );
  }
  return project.addSourceFileAtPath(found);
}

/** Those of the tsconfig.json around, which says how modules are found. */
function compilerOptions(path: string): ts.CompilerOptions {
  const preset = { moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext };
  const config = ts.findConfigFile(dirname(path), ts.sys.fileExists);
  if (config === undefined) return preset;
  const read = ts.readConfigFile(config, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...read.config, files: [], include: [], references: [] },
    ts.sys,
    dirname(config),
  );
  return { ...preset, ...options };
}

/** What `path` writes to import the generated file `from`. */
function specifierOf(path: string, from: string): string {
  const text = relative(dirname(resolve(path)), resolve(from)).replaceAll("\\", "/");
  const extension = /import_extension=(\w+)/.exec(readFileSync(from, "utf8").slice(0, 2_000))?.[1] ?? "none";
  const bare = text.replace(/(\.d)?\.[cm]?[jt]s$/, "");
  return `${bare.startsWith(".") ? "" : "./"}${bare}${extension === "none" ? "" : `.${extension}`}`;
}
