// SPDX-License-Identifier: Apache-2.0

import { Node, type SourceFile, type TypeLiteralNode } from "ts-morph";

/** How a method of generated code is called. */
export type MethodKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** One method, as protoc-gen-es declares it. */
export interface MethodShape {
  /** In TypeScript: `getUser`. */
  readonly name: string;
  /** In the .proto: `GetUser`. */
  readonly rpcName: string;
  readonly kind: MethodKind;
  readonly request: MessageShape;
  readonly response: MessageShape;
}

/** The type of a message, as generated code names it. */
export interface MessageShape {
  /** `GetUserRequest`; its descriptor is `GetUserRequestSchema`. */
  readonly type: string;
  /** Where generated code imports it from; undefined: it is declared in the same file. */
  readonly from: string | undefined;
}

/** A service, as protoc-gen-es declares it. */
export interface ServiceShape {
  /** The exported constant: `UserService`. */
  readonly name: string;
  /** `acme.user.v1.UserService`. */
  readonly typeName: string;
  readonly methods: readonly MethodShape[];
}

/** The services that a file of protoc-gen-es declares (`x_pb.ts` or `x_pb.d.ts`), read from its syntax alone. */
export function readServiceShapes(file: SourceFile): readonly ServiceShape[] {
  return file.getVariableDeclarations().flatMap((declaration): readonly ServiceShape[] => {
    const type = declaration.getTypeNode();
    if (!Node.isTypeReference(type) || type.getTypeName().getText() !== "GenService") return [];
    const [methods] = type.getTypeArguments();
    if (!Node.isTypeLiteral(methods)) return [];
    const comment = declaration.getVariableStatement()?.getFullText() ?? "";
    const name = declaration.getName();
    const typeName = /@generated from service (\S+)/.exec(comment)?.[1] ?? name;
    return [{ name, typeName, methods: readMethods(methods, file) }];
  });
}

function readMethods(literal: TypeLiteralNode, file: SourceFile): readonly MethodShape[] {
  return literal.getProperties().flatMap((property) => {
    const facts = property.getTypeNode();
    if (!Node.isTypeLiteral(facts)) return [];
    const textOf = (name: string): string => facts.getProperty(name)?.getTypeNode()?.getText() ?? "";
    const kind = textOf("methodKind").slice(1, -1);
    if (!isMethodKind(kind)) return [];
    const name = property.getName().replace(/^["']|["']$/g, "");
    return [
      {
        name,
        rpcName: /@generated from rpc \S+\.(\w+)/.exec(property.getFullText())?.[1] ?? name,
        kind,
        request: messageOf(file, textOf("input")),
        response: messageOf(file, textOf("output")),
      },
    ];
  });
}

function messageOf(file: SourceFile, typeQuery: string): MessageShape {
  const schema = typeQuery.replace(/^typeof /, "");
  return { type: schema.replace(/Schema$/, ""), from: importedFrom(file, schema) };
}

function importedFrom(file: SourceFile, name: string): string | undefined {
  return file
    .getImportDeclaration((declaration) => declaration.getNamedImports().some((named) => named.getName() === name))
    ?.getModuleSpecifierValue();
}

function isMethodKind(text: string): text is MethodKind {
  return ["unary", "server_streaming", "client_streaming", "bidi_streaming"].includes(text);
}
