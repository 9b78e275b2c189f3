// SPDX-License-Identifier: Apache-2.0
import type { ChannelFault } from "../channel/channel-fault.js";

/** Reasons that refuse a registration (docs/channel.md sections 6 and 8), or end a Register stream before it is one. */
export type RegistrationReason =
  | "HELLO_TIMEOUT"
  | "HELLO_INVALID"
  | "REVISION_UNSUPPORTED"
  | "SCHEMA_INCOMPATIBLE"
  | "SERVICE_UNKNOWN"
  | "CREDENTIAL_INVALID"
  | "CREDENTIAL_EXPIRED"
  | "SERVICE_NOT_ALLOWED"
  | "ID_NOT_YOURS"
  | "ID_IN_USE"
  | "CONNECTION_MEMORY"
  | "REGISTRATION_RATE"
  | "ROUTER_DRAINING"
  | "FRAME_MALFORMED"
  | "FRAME_AMBIGUOUS"
  | "FRAME_TOO_LARGE";

/** A refused registration: it ends the Register call with a status that says so. */
export type RegistrationRefusal = Extract<ChannelFault, { reason: RegistrationReason }> & {
  /** Milliseconds after which it makes sense to come again. Absent: nothing said. */
  readonly retryAfterMs?: number;
  /** What the router's log says beside, and the peer is not told. */
  readonly note?: string;
};
