// SPDX-License-Identifier: Apache-2.0

import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ServerReflection, ServerReflectionAlpha } from "@grpc-router/runtime";
import { CliError, ExitCode } from "../cli-error.js";

/** A question of server reflection; v1 and v1alpha have the same ones. */
type Question =
  | { readonly case: "fileContainingSymbol"; readonly value: string }
  | { readonly case: "fileByFilename"; readonly value: string }
  | { readonly case: "listServices"; readonly value: string };

/** What the answers of v1 and v1alpha have in common. */
type Answer =
  | { readonly case: "fileDescriptorResponse"; readonly value: { readonly fileDescriptorProto: readonly Uint8Array[] } }
  | {
      readonly case: "listServicesResponse";
      readonly value: { readonly service: readonly { readonly name: string }[] };
    }
  | { readonly case: "errorResponse"; readonly value: { readonly errorCode: number; readonly errorMessage: string } }
  | { readonly case: string | undefined };

type Ask = (questions: readonly Question[]) => Promise<readonly Answer[]>;

/** Options of calls that fetch the schema. */
interface FetchOptions {
  readonly signal: AbortSignal;
  readonly headers: Headers;
}

/**
 * Asks the server for the files that define `service`, by reflection v1, else v1alpha.
 *
 * @throws CliError if it does not have the service or does not answer; ConnectError if it cannot be reached.
 */
export function fetchSchema(transport: Transport, service: string, options: FetchOptions): Promise<FileRegistry> {
  return withReflection(transport, options, "--schema", (ask) => fetchFiles(ask, service, `Cannot call ${service}`));
}

/**
 * Asks the server for those of its services that `isWanted` says, by reflection v1, else v1alpha.
 *
 * @throws CliError if it does not answer, or leaves out what defines one; ConnectError if it cannot be reached.
 */
export function fetchServices(
  transport: Transport,
  isWanted: (name: string) => boolean,
  options: FetchOptions,
): Promise<readonly DescService[]> {
  return withReflection(transport, options, "--descriptor-set", async (ask) => {
    const services: DescService[] = [];
    for (const name of (await listServices(ask)).filter(isWanted)) {
      const service = (await fetchFiles(ask, name, `Cannot learn ${name}`)).getService(name);
      if (service !== undefined) services.push(service);
    }
    return services;
  });
}

/** `flag` is what to use with a server that has no reflection. */
async function withReflection<Result>(
  transport: Transport,
  options: FetchOptions,
  flag: string,
  use: (ask: Ask) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(createAsk(transport, ServerReflection, options));
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unimplemented || error instanceof CliError) throw error;
  }
  try {
    return await use(createAsk(transport, ServerReflectionAlpha, options));
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unimplemented || error instanceof CliError) throw error;
    const hint = `Give a descriptor set with ${flag}; make one: npx buf build -o schema.binpb`;
    throw new CliError(ExitCode.failure, `Cannot learn the schema: the server has no reflection. ${hint}`, error);
  }
}

function createAsk(
  transport: Transport,
  version: typeof ServerReflection | typeof ServerReflectionAlpha,
  options: FetchOptions,
): Ask {
  // Both versions have one shape; the client types them apart by their names.
  const client = createClient(version as typeof ServerReflection, transport);
  return async (questions) => {
    const requests = (async function* () {
      for (const question of questions) yield { messageRequest: question };
    })();
    const answers: Answer[] = [];
    for await (const { messageResponse } of client.serverReflectionInfo(requests, options))
      answers.push(messageResponse);
    return answers;
  };
}

async function fetchFiles(ask: Ask, service: string, failure: string): Promise<FileRegistry> {
  const files = new Map<string, FileDescriptorProto>();
  const asked = new Set<string>();
  let questions: readonly Question[] = [{ case: "fileContainingSymbol", value: service }];
  while (questions.length > 0) {
    for (const answer of await ask(questions)) {
      if (isError(answer)) throw await explain(ask, failure, answer.value.errorMessage);
      for (const file of filesOf(answer)) files.set(file.name, file);
    }
    // Most servers send all imports along; for the others ask on.
    const imports = [...files.values()].flatMap((file) => file.dependency);
    const missing = new Set(imports.filter((name) => !files.has(name) && !asked.has(name)));
    questions = [...missing].map((value) => ({ case: "fileByFilename", value }));
    for (const name of missing) asked.add(name);
  }
  const root = [...files.values()].find((file) => definesService(file, service));
  if (root === undefined) throw await explain(ask, failure, "its answer does not define it");
  return createFileRegistry(root, (name) => files.get(name));
}

function filesOf(answer: Answer): readonly FileDescriptorProto[] {
  if (answer.case !== "fileDescriptorResponse" || !("value" in answer)) return [];
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

function isError(answer: Answer): answer is Extract<Answer, { readonly case: "errorResponse" }> {
  return answer.case === "errorResponse";
}

function definesService(file: FileDescriptorProto, service: string): boolean {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  return file.service.some(({ name }) => `${prefix}${name}` === service);
}

async function listServices(ask: Ask): Promise<readonly string[]> {
  const names: string[] = [];
  for (const answer of await ask([{ case: "listServices", value: "" }])) {
    if (answer.case === "listServicesResponse" && "value" in answer)
      names.push(...answer.value.service.map(({ name }) => name));
  }
  return names;
}

async function explain(ask: Ask, failure: string, reason: string): Promise<CliError> {
  const names = await listServices(ask);
  const known = names.length === 0 ? `(${reason})` : `it has ${names.join(", ")}`;
  return new CliError(ExitCode.failure, `${failure}: the server has no such service, ${known}`);
}
