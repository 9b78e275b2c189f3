// SPDX-License-Identifier: Apache-2.0
import type { HeadReader } from "./head-reader.js";

/** A header list as plain strings, one character per octet, in wire order, pseudo fields included. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** A reader that makes plain strings: for clients, tools and tests, where convenience counts more than speed. */
export function createFieldListReader(): HeadReader<FieldList> {
  throw new Error("to come");
}
