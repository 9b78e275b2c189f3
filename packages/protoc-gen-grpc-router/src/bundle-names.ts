// SPDX-License-Identifier: Apache-2.0
import { formatPlace, type ProblemList, pathOfService } from "@grpc-router/protocol";
import type { ServiceModel } from "./service-model.js";

/**
 * Refuses two services whose generated things would have one name: the channel's file (on disks that do not tell
 * capitals apart, too), the exported constants of one module, or a frame and a package.
 */
export function checkBundleNames(models: readonly ServiceModel[], problems: ProblemList): void {
  const holders = new Map<string, ServiceModel>();
  for (const model of models) {
    const { desc, channel, exportPrefix } = model;
    const constant = `${exportPrefix}Router of ${desc.file.name}_router`;
    const names = [
      { key: channel.file.toLowerCase(), what: channel.file },
      { key: constant, what: constant },
    ];
    const clash = names.find(({ key }) => holders.has(key));
    const holder = clash && holders.get(clash.key);
    if (holder !== undefined) refuse(model, holder, { what: clash?.what ?? "", problems });
    for (const { key } of names) if (!holders.has(key)) holders.set(key, model);
    checkPackages(model, models, problems);
  }
}

/** A message and a package cannot have one name: service `a` in `acme` has the frame `acme.aCall`. */
function checkPackages({ desc, channel }: ServiceModel, models: readonly ServiceModel[], problems: ProblemList): void {
  const names = [channel.call, channel.reply, channel.service].map((name) => `${channel.package}.${name}`);
  for (const other of models) {
    const clash = names.find((name) => `${other.channel.package}.`.startsWith(`${name}.`));
    if (clash !== undefined) refuse({ desc }, other, { what: clash, problems });
  }
}

function refuse(
  { desc }: Pick<ServiceModel, "desc">,
  holder: ServiceModel,
  context: { readonly what: string; readonly problems: ProblemList },
): void {
  const place = formatPlace(holder.desc.file, pathOfService(holder.desc));
  const reason = `${context.what} belongs to ${holder.desc.typeName} (${place}). Rename one of them, or leave one out with the parameter services`;
  context.problems.add(desc.file, pathOfService(desc), `Cannot make a router for ${desc.typeName}: ${reason}`);
}
