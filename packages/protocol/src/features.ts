// SPDX-License-Identifier: Apache-2.0

/** Features of a channel: the hello offers them, the welcome says which are on (docs/channel.md section 6). */
export const Feature = {
  /** The instance dials the routers that the welcome and `Routers` name. */
  routers: "routers",
  /** The router says when calls wait for this channel's room, and answers a `Capacity` that asks for it. */
  demand: "demand",
} as const;
export type Feature = (typeof Feature)[keyof typeof Feature];

/** The features in `offered` that are known here, each once. */
export function knownFeatures(offered: readonly string[]): readonly Feature[] {
  return Object.values(Feature).filter((feature) => offered.includes(feature));
}
