// SPDX-License-Identifier: Apache-2.0

export * from "./key-bytes.js";
export type { KeyKind } from "./key-kind.js";
export * from "./key-scanner.js";
export * from "./metadata-key.js";
export * from "./resolve-key-path.js";
export * from "./set-key-value.js";
export * from "./xxh64.js";
