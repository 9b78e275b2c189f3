// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import { lowerSnakeCase } from "./lower-snake-case.js";

/** The names of what is generated for a service's channel (docs/channel.md section 2). */
export interface ChannelNames {
  readonly file: string;
  readonly package: string;
  readonly service: string;
  /** The frame from the router to the instance. */
  readonly call: string;
  /** The frame from the instance to the router. */
  readonly reply: string;
}

/** Names the channel of a service. */
export function channelNamesOf({ name, file }: DescService): ChannelNames {
  const source = file.proto.package;
  const channelPackage = source === "" ? "grpcrouter.channel" : `grpcrouter.channel.${source}`;
  return {
    file: `${channelPackage.replaceAll(".", "/")}/${lowerSnakeCase(name)}.proto`,
    package: channelPackage,
    service: `${name}Channel`,
    call: `${name}Call`,
    reply: `${name}Reply`,
  };
}
