// SPDX-License-Identifier: Apache-2.0

import { posix } from "node:path";
import {
  type ClassDeclaration,
  type ClassExpression,
  Node,
  type ObjectLiteralExpression,
  type SourceFile,
} from "ts-morph";
import { missingFile } from "../cli-error.js";
import type { WantedImport } from "./add-imports.js";
import type { Implementation, ImplementationBody } from "./find-implementations.js";
import type { MessageShape, MethodShape, ServiceShape } from "./service-shape.js";
import type { FileStyle, TextEdit } from "./text-edits.js";

/** What the missing methods of a body need. */
export interface AddedMethods {
  readonly edits: readonly TextEdit[];
  readonly imports: readonly WantedImport[];
  /** Names of the methods, as in TypeScript. */
  readonly names: readonly string[];
}

const connect = "@connectrpc/connect";

/** How methods are written into a body. */
export interface MethodStyle {
  /** Module that the file imports the service from. */
  readonly serviceFrom: string;
  readonly style: FileStyle;
  /** The compiler refuses parameters without use, unless they begin with `_`. */
  readonly marksUnused: boolean;
}

/**
 * A method for each of `service` that the implementation lacks, behind those that it has. Each throws UNIMPLEMENTED.
 *
 * @throws CliError if methods may come from where they cannot be seen.
 */
export function addMethods(
  { body, isTyped }: Implementation,
  service: ServiceShape,
  { serviceFrom, style, marksUnused }: MethodStyle,
): AddedMethods {
  const isClass = !Node.isObjectLiteralExpression(body);
  const present = new Set(isClass ? classMembers(body) : objectMembers(body));
  const missing = service.methods.filter((method) => !present.has(method.name));
  if (missing.length === 0) return { edits: [], imports: [], names: [] };
  const options = { isClass, isTyped, style, indent: memberIndent(body, style), mark: marksUnused ? "_" : "" };
  const stubs = missing.map((method) => writeStub(method, service, options));
  return {
    edits: isClass ? insertIntoClass(body, stubs, style) : insertIntoObject(body, stubs, style),
    imports: [
      { name: "Code", from: connect, isType: false },
      { name: "ConnectError", from: connect, isType: false },
      ...(isTyped ? [] : typeImports(missing, serviceFrom)),
    ],
    names: missing.map(({ name }) => name),
  };
}

function objectMembers(body: ObjectLiteralExpression): readonly string[] {
  return body.getProperties().flatMap((property) => {
    if (Node.isSpreadAssignment(property)) throw unseen(property, "what is spread into it");
    return [plainName(property.getName())];
  });
}

function classMembers(body: ClassDeclaration | ClassExpression): readonly string[] {
  const own = body.getInstanceMembers().map((member) => plainName(member.getName()));
  const base = body.getExtends();
  if (base === undefined) return own;
  const declared = body.getSourceFile().getClass(base.getExpression().getText());
  if (declared === undefined) throw unseen(base, "its base class");
  return [...own, ...classMembers(declared)];
}

function unseen(node: Node, what: string): Error {
  const place = `${node.getSourceFile().getBaseName()}:${node.getStartLineNumber()}`;
  return missingFile(
    `Cannot see which methods are missing at ${place}: ${what} must be in the same place, received ${node.getText()}. Write the methods there, or add the missing ones by hand`,
  );
}

function plainName(name: string): string {
  return name.replace(/^["']|["']$/g, "");
}

interface StubOptions {
  readonly isClass: boolean;
  readonly isTyped: boolean;
  readonly mark: string;
  readonly style: FileStyle;
  readonly indent: string;
}

function writeStub(method: MethodShape, service: ServiceShape, options: StubOptions): string {
  const { isClass, style, indent } = options;
  const isGenerator = method.kind === "server_streaming" || method.kind === "bidi_streaming";
  const message = `${style.quote}${service.typeName}/${method.rpcName} is not implemented${style.quote}`;
  return [
    `${indent}async ${isGenerator ? "*" : ""}${method.name}${writeSignature(method, options)} {`,
    `${indent}${style.indent}throw new ConnectError(${message}, Code.Unimplemented)${style.end}`,
    `${indent}}${isClass ? "" : ","}`,
  ].join(style.newline);
}

function writeSignature({ kind, request, response }: MethodShape, { isTyped, mark }: StubOptions): string {
  const takesStream = kind === "client_streaming" || kind === "bidi_streaming";
  const parameter = `${mark}${takesStream ? "requests" : "request"}`;
  if (isTyped) return `(${parameter})`;
  const type = takesStream ? `AsyncIterable<${request.type}>` : request.type;
  const result = kind === "unary" || kind === "client_streaming" ? "Promise" : "AsyncIterable";
  return `(${parameter}: ${type}): ${result}<MessageInitShape<typeof ${response.type}Schema>>`;
}

/** Where the members begin that are there, else one step in from the line that the body begins in. */
function memberIndent(body: ImplementationBody, style: FileStyle): string {
  const member = Node.isObjectLiteralExpression(body) ? body.getProperties()[0] : body.getMembers()[0];
  const text = body.getSourceFile().getFullText();
  const own = lineIndent(text, body.getStart());
  if (member === undefined || member.getStartLineNumber() === body.getStartLineNumber()) return own + style.indent;
  return lineIndent(text, member.getStart());
}

function lineIndent(text: string, at: number): string {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(line, at))?.[0] ?? "";
}

function insertIntoObject(
  body: ObjectLiteralExpression,
  stubs: readonly string[],
  style: FileStyle,
): readonly TextEdit[] {
  const { newline } = style;
  const last = body.getProperties().at(-1);
  const text = stubs.join(newline);
  const closing = lineIndent(body.getSourceFile().getFullText(), body.getStart());
  if (last === undefined) return [{ at: body.getStart() + 1, text: `${newline}${text}${newline}${closing}` }];
  const rest = body.getSourceFile().getFullText().slice(last.getEnd(), body.getEnd());
  const comma = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*,/.exec(rest);
  const edits: TextEdit[] = comma === null ? [{ at: last.getEnd(), text: "," }] : [];
  return [...edits, beforeClosing(body, text, { newline, closing })];
}

function insertIntoClass(body: ImplementationBody, stubs: readonly string[], style: FileStyle): readonly TextEdit[] {
  const { newline } = style;
  const closing = lineIndent(body.getSourceFile().getFullText(), body.getEnd() - 1);
  const first = Node.isObjectLiteralExpression(body) || body.getMembers().length === 0 ? "" : newline;
  return [beforeClosing(body, first + stubs.join(newline + newline), { newline, closing })];
}

/** Text in front of the line of the closing brace, or on lines of its own where that brace is on the line of others. */
function beforeClosing(
  body: ImplementationBody,
  text: string,
  { newline, closing }: { readonly newline: string; readonly closing: string },
): TextEdit {
  const source = body.getSourceFile().getFullText();
  const brace = body.getEnd() - 1;
  const line = source.lastIndexOf("\n", brace - 1) + 1;
  if (line > body.getStart() && source.slice(line, brace).trim() === "") return { at: line, text: text + newline };
  return { at: brace, text: `${newline}${text}${newline}${closing}` };
}

function typeImports(methods: readonly MethodShape[], serviceFrom: string): readonly WantedImport[] {
  const shape: WantedImport = { name: "MessageInitShape", from: "@bufbuild/protobuf", isType: true };
  const messages = methods.flatMap(({ request, response }) => [
    { name: request.type, from: moduleOf(request, serviceFrom), isType: true },
    { name: `${response.type}Schema`, from: moduleOf(response, serviceFrom), isType: true },
  ]);
  return [shape, ...messages];
}

/** As a file says it that imports the service from `serviceFrom`. */
function moduleOf({ from }: MessageShape, serviceFrom: string): string {
  if (from?.startsWith(".") !== true) return from ?? serviceFrom;
  const joined = posix.join(posix.dirname(serviceFrom), from);
  return serviceFrom.startsWith(".") && !joined.startsWith(".") ? `./${joined}` : joined;
}

/** Where `file` imports `name` from, and what that module calls it. */
export function importOf(file: SourceFile, name: string): { readonly from: string; readonly name: string } | undefined {
  for (const declaration of file.getImportDeclarations()) {
    for (const named of declaration.getNamedImports()) {
      if ((named.getAliasNode()?.getText() ?? named.getName()) !== name) continue;
      return { from: declaration.getModuleSpecifierValue(), name: named.getName() };
    }
  }
  return undefined;
}
