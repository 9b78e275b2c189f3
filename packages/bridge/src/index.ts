// SPDX-License-Identifier: Apache-2.0

// For people who serve: a bridge and what goes into it.
export type { Bridge } from "./bridge.js";
export { createBridge } from "./bridge.js";
export type { BridgeErrorCode } from "./bridge-error.js";
export { BridgeError, isBridgeError } from "./bridge-error.js";
export type { BridgeOptions, BridgeOverrides, OpenOptions } from "./bridge-options.js";
// For whoever connects it: ports and what `open` gives back.
export type { ApplicationLoad, LoadMeasurement, LoadOptions, LoadSample } from "./load/load-options.js";
export type { CallLoad } from "./load/record-load.js";
export { recordLoad } from "./load/record-load.js";
export type { BridgeConnection, BridgePorts, DialEvents, Dialer, RouterEndpoint, RouterStatus } from "./ports.js";
export type { Relay, RelayOptions } from "./relay/create-relay.js";
export { createRelay } from "./relay/create-relay.js";
export type { TargetAddress } from "./relay/target.js";
