// SPDX-License-Identifier: Apache-2.0
import type { DescriptorBook } from "./descriptor-book.js";
import type { HealthBook } from "./health-book.js";
import { createHealthService } from "./health-service.js";
import type { LocalService } from "./local-service.js";
import { createReflectionService, createReflectionV1AlphaService } from "./reflection-service.js";

/** What the built-in services answer from; the registry writes it. */
export interface BuiltinSources {
  readonly health: HealthBook;
  readonly descriptors: DescriptorBook;
}

/** The services that every router answers itself: health, and reflection under both of its names. They are in `descriptors` after this. */
export function createBuiltinServices({ health, descriptors }: BuiltinSources): readonly LocalService[] {
  const services = [
    createHealthService(health),
    createReflectionService(descriptors),
    createReflectionV1AlphaService(descriptors),
  ];
  for (const { desc } of services) descriptors.addOwn(desc);
  return services;
}
