// SPDX-License-Identifier: Apache-2.0

import { Node, type SourceFile, SyntaxKind } from "ts-morph";
import { missingFile } from "../cli-error.js";
import type { WantedImport } from "./add-imports.js";
import type { Implementation } from "./find-implementations.js";
import type { FileStyle, TextEdit } from "./text-edits.js";

/** What a file needs to register its implementation with a router. */
export interface AddedBridge {
  readonly edits: readonly TextEdit[];
  readonly imports: readonly WantedImport[];
}

/** The generated module with the bridge of a service. */
export interface BridgeModule {
  /** As the file would import it. */
  readonly from: string;
  readonly file: SourceFile;
}

/**
 * The lines that dial the router, at the end of `file`; none if it makes a bridge already.
 *
 * @throws CliError if there is no generated bridge of the service, or the implementation cannot be made without arguments.
 */
export function addBridge(
  file: SourceFile,
  style: FileStyle,
  { implementation, bridge }: { readonly implementation: Implementation; readonly bridge: BridgeModule },
): AddedBridge {
  const calls = file.getDescendantsOfKind(SyntaxKind.CallExpression);
  if (calls.some((call) => call.getExpression().getText() === "createBridge")) return { edits: [], imports: [] };
  const name = bridgeName(bridge, implementation.service);
  const { quote, end, newline } = style;
  const url = `process.env.ROUTER_URL ?? ${quote}http://localhost:8080${quote}`;
  const lines = [
    "",
    `const bridge = createBridge()${registration(file, implementation, name)}${end}`,
    `const connection = dialRouter(bridge, { url: ${url} })${end}`,
    `process.once(${quote}SIGTERM${quote}, () => void connection.drain({ timeoutMs: 10_000 }))${end}`,
    `await connection.ready${end}`,
    "",
  ];
  const first = file.getFullText().endsWith("\n") ? "" : newline;
  return {
    edits: [{ at: file.getEnd(), text: first + lines.join(newline) }],
    imports: [
      { name: "createBridge", from: "@grpc-router/node", isType: false },
      { name: "dialRouter", from: "@grpc-router/node", isType: false },
      { name, from: bridge.from, isType: false },
    ],
  };
}

function registration(file: SourceFile, { expression, routes, body }: Implementation, bridge: string): string {
  if (routes !== undefined) return `.routes([${bridge}], ${routes})`;
  if (expression !== undefined) return `.service(${bridge}, ${expression})`;
  throw missingFile(
    `Cannot add the bridge to ${file.getBaseName()}: the implementation in line ${body.getStartLineNumber()} must have a name and need no arguments. Write createBridge().service(${bridge}, …) where you make it`,
  );
}

/** The constant of type `GenBridge<typeof Service>`. */
function bridgeName({ file, from }: BridgeModule, service: string): string {
  for (const declaration of file.getVariableDeclarations()) {
    const type = declaration.getTypeNode();
    if (!Node.isTypeReference(type) || type.getTypeName().getText() !== "GenBridge") continue;
    if (type.getTypeArguments()[0]?.getText() === `typeof ${service}`) return declaration.getName();
  }
  throw missingFile(`Cannot add the bridge: ${from} must have the bridge of ${service}. Run npx buf generate again`);
}
