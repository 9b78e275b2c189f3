// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescFile, maximumEdition, minimumEdition } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { file_grpcrouter_v1_channel, isOwnFile, ProblemList } from "@grpc-router/protocol";
import { generateChannelCode, withOwnRules } from "./channel-code.js";
import { createChannelDescriptor } from "./channel-descriptor.js";
import { printChannelProto } from "./channel-proto.js";
import { GeneratorError } from "./errors.js";
import { type EsGenerator, loadEsGenerator } from "./es-generator.js";
import { checkGivenChannels } from "./given-channels.js";
import { createModulePlugin } from "./module-plugin.js";
import { type Parameter, parseParameter } from "./parameter.js";
import { createServiceModels, type ServiceModel } from "./service-model.js";
import { version } from "./version.js";
import { listWarnings } from "./warnings.js";

/** What protoc and buf run: a pure function from request to response. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  run(request: CodeGeneratorRequest): CodeGeneratorResponse;
}

/** What the plugin takes from its surroundings. */
export interface PluginOptions {
  /** Finds protoc-gen-es; called only when its code is wanted. Default: the one installed beside this package. */
  readonly loadEs?: () => EsGenerator;
  /** Takes one line that people should read although all goes on. Default: nowhere. */
  readonly warn?: (line: string) => void;
}

type OutputFile = Pick<CodeGeneratorResponse["file"][number], "name" | "content">;

/**
 * Creates the plugin. Mistakes of the user come back in the response's `error`, one a line; what `run` throws is a bug.
 *
 * @example
 * runNodeJs(createPlugin());
 */
export function createPlugin(options: PluginOptions = {}): Plugin {
  const { loadEs = () => loadEsGenerator(import.meta.url), warn = () => undefined } = options;
  return {
    name: "protoc-gen-grpc-router",
    version: `v${version}`,
    run(request) {
      try {
        return respond({ file: generate(request, { loadEs, warn }) });
      } catch (error) {
        if (isUsersMistake(error)) return respond({ error: error.message });
        throw error;
      }
    },
  };
}

function generate(request: CodeGeneratorRequest, { loadEs, warn }: Required<PluginOptions>): OutputFile[] {
  const parameter = parseParameter(request.parameter);
  const { emit } = parameter;
  const allFiles = readFiles(request);
  const files = allFiles.filter((file) => request.fileToGenerate.includes(file.proto.name) && !isOwnFile(file));
  const models = createCheckedModels(files, parameter, allFiles);
  for (const line of listWarnings(models, parameter, allFiles)) warn(line);
  const channels = models.map((model) => createChannelDescriptor(model, parameter.elideVersion));
  if (!emit.has("proto")) checkGivenChannels(channels, request.protoFile);
  const protoFile = withChannels(request.protoFile, channels);
  const output: OutputFile[] = [];
  if (emit.has("proto")) output.push(...channels.map((c) => ({ name: c.name, content: printChannelProto(c) })));
  if (emit.has("es")) output.push(...generateChannelCode(channels, { request, files: protoFile, parameter, loadEs }));
  if (emit.has("router") || emit.has("bridge")) {
    const inner = create(CodeGeneratorRequestSchema, {
      fileToGenerate: files.map((file) => file.proto.name),
      parameter: withOwnRules(parameter.raw, parameter),
      protoFile,
      sourceFileDescriptors: request.sourceFileDescriptors,
    });
    output.push(...createModulePlugin(models, emit).run(inner).file);
  }
  return output;
}

/** Reads descriptors with the options that only the source has, as protoplugin does. */
function readFiles(request: CodeGeneratorRequest): DescFile[] {
  const sources = new Map(request.sourceFileDescriptors.map((file) => [file.name, file]));
  const file = request.protoFile.map((proto) => sources.get(proto.name) ?? proto);
  return [...createFileRegistry(create(FileDescriptorSetSchema, { file })).files];
}

function createCheckedModels(
  files: readonly DescFile[],
  parameter: Parameter,
  allFiles: readonly DescFile[],
): ServiceModel[] {
  const problems = new ProblemList();
  const models = createServiceModels(files, parameter, { allFiles, problems });
  if (problems.size > 0) throw new GeneratorError("proto", problems.toString());
  return models;
}

/** The request's files and the channels' behind them; our channel.proto is carried along, so users need not have it. */
function withChannels(
  files: readonly FileDescriptorProto[],
  channels: readonly FileDescriptorProto[],
): FileDescriptorProto[] {
  const own = new Set(channels.map(({ name }) => name));
  const shared = file_grpcrouter_v1_channel.proto;
  const given = files.filter(({ name }) => !own.has(name));
  return [...given, ...(given.some(({ name }) => name === shared.name) ? [] : [shared]), ...channels];
}

/** protoplugin throws its own error for a parameter that it cannot read. */
function isUsersMistake(error: unknown): error is Error {
  return error instanceof GeneratorError || (error instanceof Error && error.name === "PluginOptionError");
}

function respond(answer: { readonly file: OutputFile[] } | { readonly error: string }): CodeGeneratorResponse {
  const features = CodeGeneratorResponse_Feature.PROTO3_OPTIONAL | CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS;
  return create(CodeGeneratorResponseSchema, {
    ...answer,
    supportedFeatures: BigInt(features),
    minimumEdition,
    maximumEdition,
  });
}
