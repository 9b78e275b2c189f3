// SPDX-License-Identifier: Apache-2.0

export type { EsGenerator } from "./es-generator.js";
export { createPlugin, type Plugin, type PluginOptions } from "./plugin.js";
export { version } from "./version.js";
