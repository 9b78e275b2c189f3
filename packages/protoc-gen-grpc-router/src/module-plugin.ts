// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import { createEcmaScriptPlugin, type Schema, type Target } from "@bufbuild/protoplugin";
import { createBridgeConstant } from "./bridge-module.js";
import { type PrintedService, printConstant } from "./module-printer.js";
import type { Output } from "./parameter.js";
import { createRouterConstant } from "./router-module.js";
import type { ServiceModel } from "./service-model.js";
import { version } from "./version.js";

type Plugin = ReturnType<typeof createEcmaScriptPlugin>;

/** The modules of ours, in the order in which they are written. */
const modules = [
  { output: "router", create: createRouterConstant },
  { output: "bridge", create: createBridgeConstant },
] as const;

/**
 * Creates the inner plugin that prints router and bridge modules. It runs on a request that has the user's files and
 * the channels', so that protoplugin resolves every import, extension and rewrite as it does for protoc-gen-es.
 */
export function createModulePlugin(models: readonly ServiceModel[], emit: ReadonlySet<Output>): Plugin {
  const generate = (schema: Schema, target: Target) => {
    for (const file of schema.files) {
      const services = file.services.flatMap((service) => findPrinted(schema, service, models));
      for (const { output, create } of modules.filter((module) => emit.has(module.output))) {
        const f = schema.generateFile(`${file.name}_${output}${extensions[target]}`);
        f.preamble(file);
        for (const printed of services) printConstant(f, printed, { constant: create(printed.model), target });
      }
    }
  };
  return createEcmaScriptPlugin({
    name: "protoc-gen-grpc-router",
    version: `v${version}`,
    parseOptions: () => ({}), // read already; here they only matter for the head of the file
    generateTs: generate,
    generateJs: generate,
    generateDts: generate,
  });
}

const extensions = { ts: ".ts", js: ".js", dts: ".d.ts" } as const satisfies Record<Target, string>;

function findPrinted(schema: Schema, service: DescService, models: readonly ServiceModel[]): PrintedService[] {
  const model = models.find(({ desc }) => desc.typeName === service.typeName);
  const channelFile = schema.allFiles.find((file) => file.proto.name === model?.channel.file);
  const channel = channelFile?.services[0];
  return model === undefined || channel === undefined ? [] : [{ model, service, channel }];
}
