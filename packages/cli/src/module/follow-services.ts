// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { type Logger, type Router, type RouterServer, watchDescriptors } from "@grpc-router/node";
import type { ReloadedPart } from "../lifecycle/reloaded-part.js";
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
  /** Runs a step apart from all else that changes the services. Default: at once. */
  readonly inTurn?: ((step: () => Promise<void>) => Promise<void>) | undefined;
}

/** Takes over what changes in folders of descriptor sets. Returns what ends that; undefined: there are none. */
export function followServices(followed: FollowedServices): (() => void) | undefined {
  const { flags, folder, inTurn = (step) => step(), ...renewable } = followed;
  const folders = (flags.descriptorDir ?? []).map((path) => resolve(folder, path));
  if (folders.length === 0) return undefined;
  return watchDescriptors(
    { folders },
    {
      intervalMs: flags.descriptorWatch,
      onChange: () => void inTurn(async () => void (await renewServices(renewable))),
    },
  );
}

/** Takes over what files say now; what cannot be used leaves all as it was, and the log says why. */
export async function renewServices({ server, logger, create }: RenewableServices): Promise<ReloadedPart> {
  try {
    const changes = server.setServices(await create());
    return Object.values(changes).every((names) => names.length === 0) ? "same" : "told";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.log("error", "services_kept", `Kept the old services. ${reason}`);
    return "told";
  }
}

/** `create`, if services come from descriptor sets, which may change. */
export function servicesOf(
  { descriptorSet = [], descriptorDir = [] }: Pick<RouterFlags, "descriptorSet" | "descriptorDir">,
  create: () => Promise<Router>,
): (() => Promise<Router>) | undefined {
  return descriptorSet.length + descriptorDir.length === 0 ? undefined : create;
}
