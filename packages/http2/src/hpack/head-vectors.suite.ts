// SPDX-License-Identifier: Apache-2.0
import { loadMalformedVectors, type MalformedVector } from "@grpc-router/testing";
import { HeadFault } from "./head-fault.js";
import { HeadKind } from "./head-reader.js";
import type { TextField } from "./reference-hpack.suite.js";

/** A head, what the decoder must say of it, and where that is written. */
export interface HeadVector {
  readonly title: string;
  readonly kind: HeadKind;
  readonly fields: readonly TextField[];
  readonly fault: HeadFault;
  /** RFC 9113 unless it says otherwise. */
  readonly section: string;
}

/** The heads of `vectors/malformed.json`: each that is at fault by itself, and each that is accepted. */
export const headVectors: readonly HeadVector[] = loadMalformedVectors().flatMap(headsOf);

function headsOf({ name, section, role, frames, reaction, fault }: MalformedVector): HeadVector[] {
  const heads = frames.flatMap((frame) => (frame.type === "HEADERS" ? [frame.fields] : []));
  if (fault === undefined && reaction !== "accept") return [];
  return heads.map((fields, index) => ({
    title: `${role}: ${name}${heads.length > 1 ? `, head ${index + 1}` : ""}`,
    kind: kindOf(role, heads.slice(0, index)),
    fields,
    fault: fault !== undefined && index === heads.length - 1 ? faultCalled(fault) : HeadFault.none,
    section,
  }));
}

/** What a head is by those before it on its stream: only interim responses leave the place of the first one free. */
function kindOf(role: "server" | "client", before: readonly (readonly TextField[])[]): HeadKind {
  if (role === "server") return before.length === 0 ? HeadKind.request : HeadKind.trailers;
  const isInterim = (fields: readonly TextField[]) =>
    fields.some(([name, value]) => name === ":status" && value < "200");
  return before.every(isInterim) ? HeadKind.response : HeadKind.trailers;
}

function faultCalled(name: string): HeadFault {
  const fault = HeadFault[name as keyof typeof HeadFault];
  if (fault === undefined) throw new Error(`Cannot read malformed.json: fault must be a HeadFault, received ${name}`);
  return fault;
}
