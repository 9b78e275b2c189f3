// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import type { PeerInfo } from "@grpc-router/http2";
import { CallStartSchema } from "@grpc-router/protocol";
import { HeadFault, type RequestHead } from "../forward/request-head.js";
import { hashToken, type Sha256 } from "./credential-book.js";

/** By what an instance says who it is. */
export type Evidence =
  | { readonly kind: "none" }
  /** It tried, but not as it must be; `note` says how, for the router's log. */
  | { readonly kind: "unusable"; readonly note: string }
  /** A bearer token, of which only the hash is kept. */
  | { readonly kind: "token"; readonly digest: Uint8Array }
  /** The names of a client certificate that TLS has verified; `expiresMs`: its end, in milliseconds since 1970. */
  | { readonly kind: "certificate"; readonly names: readonly string[]; readonly expiresMs: number };

const decoder = new TextDecoder();

/**
 * Reads what proves an instance: a token in the metadata of its Register call (`authorization: Bearer …`, RFC 6750 section
 * 2.1), which alone counts if it is there, else the certificate of its connection. Call it while the head's bytes are whole.
 */
export function readEvidence(head: RequestHead, peer: PeerInfo, sha256: Sha256): Evidence {
  const values = authorizationOf(head);
  const [value] = values;
  if (values.length > 1) return unusable("authorization came more than once");
  if (value !== undefined) {
    const token = /^bearer +(\S+)$/i.exec(value)?.[1];
    return token === undefined
      ? unusable("authorization was not Bearer and a token")
      : { kind: "token", digest: hashToken(token, sha256) };
  }
  // What did not fit was left out, and may have been the token.
  if (head.fault === HeadFault.metadataTooLarge) return unusable("its metadata was too large");
  return certificateOf(peer);
}

/** The certificate of the peer's connection, if TLS has verified one. */
export function certificateOf({ identities, identitiesUntilMs }: PeerInfo): Evidence {
  if (identities.length === 0) return { kind: "none" };
  return { kind: "certificate", names: identities, expiresMs: identitiesUntilMs ?? Number.POSITIVE_INFINITY };
}

function unusable(note: string): Evidence {
  return { kind: "unusable", note };
}

function authorizationOf({ rest, restEnd }: RequestHead): readonly string[] {
  const { metadata } = fromBinary(CallStartSchema, rest.subarray(0, restEnd));
  return metadata.filter(({ name }) => name === "authorization").map(({ value }) => decoder.decode(value));
}
