// SPDX-License-Identifier: Apache-2.0

import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { NodeError } from "../node-error.js";
import { readTlsMaterial, type TlsMaterial } from "./tls-material.js";

/** A certificate and its key, each as PEM text or the path of a PEM file. */
export interface NamedCertificate {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
}

/** What a listener shows: its own certificate, and those of single names. */
export interface ServedTls extends SecureContextOptions {
  readonly names?: ServerNames | undefined;
}

/** The certificate of a name, read and checked. */
export interface ReadName {
  /** In lower case. */
  readonly name: string;
  /** Where it comes from. */
  readonly material: NamedCertificate;
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  readonly context: SecureContext;
}

/** A host name, or `*.` and one: what certificates can be for (RFC 6125 section 6.4.3). SNI has no addresses. */
const nameForm = /^(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
/** The longest host name (RFC 1035 section 2.3.4). */
const maxNameLength = 253;

/**
 * Certificates that clients choose by the name they say (SNI, RFC 6066 section 3). It only looks up: nothing that a client
 * sends makes it throw.
 */
export class ServerNames {
  /** In the order in which they were given. */
  readonly all: readonly ReadName[];
  readonly #contexts: ReadonlyMap<string, SecureContext>;

  constructor(all: readonly ReadName[]) {
    this.all = all;
    this.#contexts = new Map(all.map(({ name, context }) => [name, context]));
  }

  /** The exact name's, else that of `*.` and what is behind the first dot; undefined: the listener's own. */
  find(said: string): SecureContext | undefined {
    const name = said.toLowerCase();
    const dot = name.indexOf(".");
    return this.#contexts.get(name) ?? (dot < 0 ? undefined : this.#contexts.get(`*${name.slice(dot)}`));
  }
}

/**
 * Reads and checks certificates by name; `ca` are the authorities of the listener, which clients' certificates are held to
 * whatever name they say.
 *
 * @throws NodeError `FILE_UNREADABLE` or `TLS_INVALID`, with the name and the part that is wrong.
 */
export function readServerNames(
  names: Readonly<Record<string, NamedCertificate>>,
  { ca }: Pick<TlsMaterial, "ca">,
): ServerNames {
  const all = Object.entries(names).map(([given, material]): ReadName => {
    const name = given.toLowerCase();
    if (!nameForm.test(name) || name.length > maxNameLength) {
      throw invalid(`a name must be such as users.example or *.example, received ${JSON.stringify(given)}`);
    }
    const options = readOne(given, { ...material, ca });
    return {
      name,
      material,
      cert: String(options.cert),
      key: String(options.key),
      context: createSecureContext(options),
    };
  });
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw invalid(`a name must be given once, received ${JSON.stringify(twice.name)} twice`);
  return new ServerNames(all);
}

function readOne(name: string, material: TlsMaterial): ReturnType<typeof readTlsMaterial> {
  try {
    return readTlsMaterial(material);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const part = `tls.names[${JSON.stringify(name)}].$1`;
    throw new NodeError(error.code, error.message.replaceAll(/\btls\.(cert|key)\b/g, part), error.cause);
  }
}

function invalid(rule: string): NodeError {
  return new NodeError("TLS_INVALID", `Cannot use TLS: tls.names: ${rule}`);
}
