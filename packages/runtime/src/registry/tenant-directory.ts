// SPDX-License-Identifier: Apache-2.0
import {
  KeyBytes,
  MetadataKey,
  START_METADATA_NUMBER,
  type TenantClass,
  type TenantsFacts,
} from "@grpc-router/protocol";
import { ByteTable } from "./byte-table.js";

const value = new KeyBytes();
const encoder = new TextEncoder();

/** What `TenantDirectory` answers for who is not known. */
export const noTenant = -1;

/** The place of the class of tenants whom no rule matches. */
export const plainClass = -1;

/** By what they are made of: the services of one file share theirs. */
const made = new WeakMap<TenantsFacts, TenantDirectory>();

/** The directory of these tenants; the same object for the same facts. */
export function directoryOf(facts: TenantsFacts): TenantDirectory {
  const directory = made.get(facts) ?? new TenantDirectory(facts);
  made.set(facts, directory);
  return directory;
}

/** Finds the tenant of a call: its place in the list of those that are known. */
export class TenantDirectory {
  /** Undefined: tenants are known by the certificates of connections. */
  readonly #metadata: MetadataKey | undefined;
  readonly #byBytes = new ByteTable<number>();
  readonly #byName = new Map<string, number>();

  constructor(facts: TenantsFacts) {
    const { identifiedBy, list } = facts;
    if ("metadata" in identifiedBy) this.#metadata = new MetadataKey(identifiedBy.metadata);
    for (const [index, { id }] of list.entries()) {
      this.#byBytes.add(encoder.encode(id), index);
      this.#byName.set(id, index);
    }
  }

  /** By tenant: the place of its class in the list, or `plainClass`. */
  placesOf(classes: readonly TenantClass[]): Int8Array {
    const places = new Int8Array(this.#byName.size).fill(plainClass);
    for (const [place, { tenants }] of classes.entries()) {
      for (const id of tenants) {
        const tenant = this.#byName.get(id);
        if (tenant !== undefined) places[tenant] = place;
      }
    }
    return places;
  }

  /** The tenant that a connection's verified names prove: the first of them that is one. */
  ofConnection(identities: readonly string[]): number {
    if (this.#metadata !== undefined) return noTenant;
    const name = identities.find((identity) => this.#byName.has(identity));
    return name === undefined ? noTenant : (this.#byName.get(name) ?? noTenant);
  }

  /**
   * The tenant of a call of a connection with `connectionTenant`, whose CallStart has the fields `rest[0, restEnd)`. Makes no
   * object.
   */
  ofCall(connectionTenant: number, rest: Uint8Array, restEnd: number): number {
    if (this.#metadata === undefined) return connectionTenant;
    if (!this.#metadata.read(rest, 0, restEnd, START_METADATA_NUMBER, value)) return noTenant;
    return this.#byBytes.find(value.bytes, value.start, value.end) ?? noTenant;
  }
}
