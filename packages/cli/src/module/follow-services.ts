// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { type Logger, type Router, type RouterServer, watchDescriptors } from "@grpc-router/node";
import type { RouterFlags } from "./create-router.js";

/** A router whose services may change. */
export interface RenewableServices {
  readonly server: Pick<RouterServer, "setServices">;
  readonly logger: Logger;
  /** Makes a router of what files say now. */
  create(): Promise<Router>;
}

/** What is watched. */
export interface FollowedServices extends RenewableServices {
  readonly flags: Pick<RouterFlags, "descriptorDir"> & { readonly descriptorWatch: number };
  /** What paths are relative to. */
  readonly folder: string;
}

/** Takes over what changes in folders of descriptor sets. Returns what ends that; undefined: there are none. */
export function followServices({ flags, folder, ...renewable }: FollowedServices): (() => void) | undefined {
  const folders = (flags.descriptorDir ?? []).map((path) => resolve(folder, path));
  if (folders.length === 0) return undefined;
  return watchDescriptors(
    { folders },
    { intervalMs: flags.descriptorWatch, onChange: () => void renewServices(renewable) },
  );
}

/** Takes over what files say now; what cannot be used leaves all as it was, and the log says why. */
export async function renewServices({ server, logger, create }: RenewableServices): Promise<void> {
  try {
    server.setServices(await create());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.log("error", "services_kept", `Kept the old services. ${reason}`);
  }
}

/** `create`, if services come from descriptor sets, which may change. */
export function servicesOf(
  { descriptorSet = [], descriptorDir = [] }: Pick<RouterFlags, "descriptorSet" | "descriptorDir">,
  create: () => Promise<Router>,
): (() => Promise<Router>) | undefined {
  return descriptorSet.length + descriptorDir.length === 0 ? undefined : create;
}
