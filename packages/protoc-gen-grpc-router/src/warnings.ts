// SPDX-License-Identifier: Apache-2.0
import type { DescFile } from "@bufbuild/protobuf";
import { formatPlace, nameOf, pathOfMethod } from "@grpc-router/protocol";
import type { Parameter } from "./parameter.js";
import type { ServiceModel } from "./service-model.js";

/**
 * Lists what people should know although all goes on. A pattern or pin that fits nothing is no mistake here, because
 * buf may run the plugin once per directory and each run sees only its own files.
 */
export function listWarnings(
  models: readonly ServiceModel[],
  parameter: Parameter,
  allFiles: readonly DescFile[],
): string[] {
  const lines: string[] = [];
  for (const { desc, methods } of models) {
    for (const method of methods.filter(({ typed }) => !typed)) {
      const place = formatPlace(desc.file, pathOfMethod(method.desc));
      lines.push(
        `${place}: ${nameOf(method.desc)} has no member in the frames, because another file cannot import its messages`,
      );
    }
  }
  const services = allFiles.flatMap((file) => file.services);
  for (const { text, expression } of parameter.services) {
    if (!services.some(({ typeName }) => expression.test(typeName)))
      lines.push(`services=${text} fits no service of this run`);
  }
  const methods = new Set(services.flatMap((s) => s.methods.map((method) => `${s.typeName}.${method.name}`)));
  for (const [name, number] of parameter.pins) {
    if (!methods.has(name)) lines.push(`pin=${name}:${number} fits no method of this run`);
  }
  return lines;
}
