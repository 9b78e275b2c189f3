// SPDX-License-Identifier: Apache-2.0

import {
  type ClassDeclaration,
  type ClassExpression,
  Node,
  type ObjectLiteralExpression,
  type SourceFile,
  SyntaxKind,
  type TypeNode,
} from "ts-morph";

/** Where the methods of a service are written. */
export type ImplementationBody = ObjectLiteralExpression | ClassDeclaration | ClassExpression;

/** An implementation of a service. */
export interface Implementation {
  /** What the file calls the generated service: `UserService`. */
  readonly service: string;
  readonly body: ImplementationBody;
  /** The compiler knows the types of its methods from where it stands. */
  readonly isTyped: boolean;
  /** An expression that gives the implementation to a bridge; undefined: there is none that needs no argument. */
  readonly expression: string | undefined;
  /** It is registered on a router of Connect, by the function of this name; the bridge takes such a function whole. */
  readonly routes: string | undefined;
}

/**
 * Finds the implementations of services in `file`, in the order of the file: what has the type `ServiceImpl<typeof X>` (an
 * object, or what a function returns), a class that implements it, and `router.service(X, {…})`.
 */
export function findImplementations(file: SourceFile): readonly Implementation[] {
  const found = new Map<ImplementationBody, Implementation>();
  for (const type of file.getDescendantsOfKind(SyntaxKind.TypeReference)) {
    const service = serviceOfType(type);
    const implementation = service === undefined ? undefined : implementationOf(type, service);
    if (implementation !== undefined) found.set(implementation.body, implementation);
  }
  for (const heritage of file.getDescendantsOfKind(SyntaxKind.ExpressionWithTypeArguments)) {
    const service =
      heritage.getExpression().getText() === "ServiceImpl" ? argumentOf(heritage.getTypeArguments()) : undefined;
    const body = heritage.getParent()?.getParent();
    if (service === undefined || !(Node.isClassDeclaration(body) || Node.isClassExpression(body))) continue;
    found.set(body, { service, body, isTyped: false, expression: newExpression(body), routes: undefined });
  }
  for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
    const callee = call.getExpression();
    const [service, given] = call.getArguments();
    if (!Node.isPropertyAccessExpression(callee) || callee.getName() !== "service") continue;
    if (!Node.isIdentifier(service)) continue;
    const body = objectOf(given);
    if (body === undefined || found.has(body)) continue;
    const isTyped = !Node.isIdentifier(given);
    found.set(body, { service: service.getText(), body, isTyped, expression: undefined, routes: routesFunction(call) });
  }
  return [...found.values()].sort((a, b) => a.body.getPos() - b.body.getPos());
}

/** `UserService` of `ServiceImpl<typeof UserService>`. */
function serviceOfType(type: TypeNode): string | undefined {
  if (!Node.isTypeReference(type) || type.getTypeName().getText() !== "ServiceImpl") return undefined;
  return argumentOf(type.getTypeArguments());
}

function argumentOf([argument]: readonly TypeNode[]): string | undefined {
  return Node.isTypeQuery(argument) ? argument.getExprName().getText() : undefined;
}

function implementationOf(type: Node, service: string): Implementation | undefined {
  let parent = type.getParent();
  // Partial<ServiceImpl<…>>: some of the methods, which is why somebody calls this.
  while (Node.isTypeReference(parent)) parent = parent.getParent();
  if (Node.isSatisfiesExpression(parent) || Node.isAsExpression(parent)) {
    const body = objectOf(parent.getExpression());
    const named = parent.getParent();
    const expression = Node.isVariableDeclaration(named) ? named.getName() : undefined;
    return body && { service, body, isTyped: true, expression, routes: undefined };
  }
  if (Node.isVariableDeclaration(parent)) {
    const body = objectOf(parent.getInitializer());
    return body && { service, body, isTyped: true, expression: parent.getName(), routes: undefined };
  }
  if (!Node.isFunctionDeclaration(parent) && !Node.isArrowFunction(parent) && !Node.isFunctionExpression(parent)) {
    return undefined;
  }
  const body = returnedObject(parent);
  const needs = parent.getParameters().some((parameter) => !parameter.isOptional());
  const name = functionName(parent);
  return (
    body && {
      service,
      body,
      isTyped: true,
      expression: needs || name === undefined ? undefined : `${name}()`,
      routes: undefined,
    }
  );
}

/** The object that an expression is, or that a constant of the same file names. */
function objectOf(node: Node | undefined): ObjectLiteralExpression | undefined {
  if (node === undefined) return undefined;
  if (Node.isObjectLiteralExpression(node)) return node;
  if (Node.isParenthesizedExpression(node) || Node.isSatisfiesExpression(node) || Node.isAsExpression(node)) {
    return objectOf(node.getExpression());
  }
  if (!Node.isIdentifier(node)) return undefined;
  const declared = node.getSourceFile().getVariableDeclaration(node.getText())?.getInitializer();
  return declared === undefined || Node.isIdentifier(declared) ? undefined : objectOf(declared);
}

function returnedObject(node: Node): ObjectLiteralExpression | undefined {
  const body = Node.isBodyable(node) || Node.isArrowFunction(node) ? node.getBody() : undefined;
  if (body === undefined || !Node.isBlock(body)) return objectOf(body);
  const last = body.getStatements().findLast((statement) => Node.isReturnStatement(statement));
  return Node.isReturnStatement(last) ? objectOf(last.getExpression()) : undefined;
}

function functionName(node: Node): string | undefined {
  if (Node.isFunctionDeclaration(node)) return node.getName();
  const parent = node.getParent();
  return Node.isVariableDeclaration(parent) ? parent.getName() : undefined;
}

function newExpression(body: ClassDeclaration | ClassExpression): string | undefined {
  const name = body.getName();
  const needs = body
    .getConstructors()
    .some((made) => made.getParameters().some((parameter) => !parameter.isOptional()));
  return name === undefined || needs ? undefined : `new ${name}()`;
}

/** Name of the function around that takes a router of Connect and nothing else. */
function routesFunction(call: Node): string | undefined {
  const around = call.getFirstAncestor(
    (node) => Node.isFunctionDeclaration(node) || Node.isArrowFunction(node) || Node.isFunctionExpression(node),
  );
  if (around === undefined || !Node.isParametered(around) || around.getParameters().length !== 1) return undefined;
  return functionName(around);
}
