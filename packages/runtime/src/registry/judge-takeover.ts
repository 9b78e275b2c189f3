// SPDX-License-Identifier: Apache-2.0

/** What tells one registration of an instance id from another. */
export interface Claim {
  /** Whoever the transport or the credential proved; only the same one may take over. */
  readonly principal: string;
  /** 16 bytes as text, so that they can be compared. */
  readonly processKey: string;
  readonly incarnation: bigint;
  readonly ordinal: bigint;
}

/** The channel that a newcomer meets. */
export interface Holder extends Claim {
  readonly draining: boolean;
  /** The newcomer's hello states this channel's fate in Previous: its process has given it up. */
  readonly givenUp: boolean;
}

/** What happens to newcomer and holder. */
export type Takeover =
  /** The newcomer is in; nothing happens to the holder. */
  | "admit"
  /** The newcomer is in; the holder gets a Drain SUPERSEDED and keeps its calls. */
  | "supersede"
  /** The newcomer is in; the holder is closed, its calls go by what Previous says. */
  | "close"
  | "ID_IN_USE"
  | "ID_NOT_YOURS";

/**
 * Decides between the live channel of an instance id and a newcomer (docs/channel.md section 7, "Takeover"). A revived
 * zombie has the smaller incarnation, or the same process and the smaller ordinal, so it cannot oust its successor.
 */
export function judgeTakeover(newcomer: Claim, holder: Holder | undefined): Takeover {
  if (holder === undefined) return "admit";
  if (holder.principal !== newcomer.principal) return holder.draining ? "admit" : "ID_NOT_YOURS";
  if (holder.givenUp && holder.processKey === newcomer.processKey) return "close";
  if (holder.draining) return "admit";
  const isNewer =
    holder.processKey === newcomer.processKey
      ? newcomer.ordinal > holder.ordinal
      : newcomer.incarnation > holder.incarnation;
  return isNewer ? "supersede" : "ID_IN_USE";
}
