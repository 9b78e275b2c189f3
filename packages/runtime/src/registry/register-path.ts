// SPDX-License-Identifier: Apache-2.0

const generatedPath = /^\/grpcrouter\.channel\.((?:\w+\.)*\w+)Channel\/Register$/;

/**
 * The service whose generated channel has this Register path (docs/channel.md section 2, "Package"); undefined for any other
 * path. It lets the router tell an instance of a service that it does not have from a client that is lost.
 */
export function serviceOfRegisterPath(path: string): string | undefined {
  return generatedPath.exec(path)?.[1];
}
