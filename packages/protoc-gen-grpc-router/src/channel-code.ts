// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse_File,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { GeneratorError } from "./errors.js";
import type { EsGenerator } from "./es-generator.js";
import type { Parameter } from "./parameter.js";

/**
 * Runs the user's protoc-gen-es on the channels: their options, their names, their version. `files` are all files of
 * the run and the channels; only the channels are generated. Throws {@link GeneratorError} if it refuses.
 */
export function generateChannelCode(
  channels: readonly FileDescriptorProto[],
  context: {
    readonly request: CodeGeneratorRequest;
    readonly files: readonly FileDescriptorProto[];
    readonly parameter: Parameter;
    readonly loadEs: () => EsGenerator;
  },
): Pick<CodeGeneratorResponse_File, "name" | "content">[] {
  const [first] = channels;
  if (first === undefined) return [];
  const { request, files, parameter } = context;
  const output = first.name.replace(/\.proto$/, `_pb.${firstTarget(parameter)}`);
  const inner = create(CodeGeneratorRequestSchema, {
    fileToGenerate: channels.map(({ name }) => name),
    parameter: withOwnRules(parameter.forEs, parameter),
    protoFile: [...files],
  });
  if (request.compilerVersion !== undefined) inner.compilerVersion = request.compilerVersion;
  const { file, error } = guard(output, () => context.loadEs()(inner));
  if (error !== undefined && error !== "") throw refusal(output, error);
  return file.map(({ name, content }) => ({ name, content }));
}

/**
 * Puts our import rules before the user's, because the first match wins: the shared schema comes from the protocol
 * package, and a channel's code stays where we write it even if the user's own code is elsewhere.
 */
export function withOwnRules(options: string, { emit }: Parameter): string {
  const rules = ["rewrite_imports=./grpcrouter/v1/channel_pb.js:@grpc-router/protocol"];
  if (emit.has("es")) rules.push("rewrite_imports=./grpcrouter/channel/**/*_pb.js:.");
  return [...rules, ...(options === "" ? [] : [options])].join(",");
}

function firstTarget({ forEs }: Parameter): string {
  const [, target = "js"] = /(?:^|,)target=(ts|js|dts)/.exec(forEs) ?? [];
  return target.replace("dts", "d.ts");
}

function guard<T>(output: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw refusal(output, error instanceof Error ? error.message : String(error), error);
  }
}

function refusal(output: string, reason: string, cause?: unknown): GeneratorError {
  return new GeneratorError("protoc-gen-es", `Cannot generate ${output}: ${reason}`, { cause });
}
