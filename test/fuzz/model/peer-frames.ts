// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  type RawField,
  RawFlag,
  RawType,
  rawFrame,
  rawGoaway,
  rawLiterals,
  rawPing,
  rawPriority,
  rawReset,
  rawSettings,
  rawSettingsAck,
  rawWindowUpdate,
} from "@grpc-router/testing";
import type { ByteSource } from "./byte-source.ts";

const pseudo: readonly RawField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
  [":authority", "test"],
];

/** Header blocks that an input names by number: right ones, wrong ones, and ones that use the dynamic table. */
const blocks: readonly Uint8Array[] = [
  rawLiterals([...pseudo, ["te", "trailers"], ["content-type", "application/grpc"]]),
  rawLiterals([[":status", "200"]]),
  rawLiterals([["grpc-status", "0"]]),
  rawLiterals(pseudo, "withIndexing"),
  rawLiterals([...pseudo, ["content-length", "5"]]),
  rawLiterals([[":status", "100"]]),
  rawLiterals(
    [
      [":status", "200"],
      ["content-length", "3"],
    ],
    "withIndexing",
  ),
  rawLiterals(pseudo.slice(1)),
  rawLiterals([...pseudo, ...Array.from({ length: 40 }, (_, index): RawField => [`x-${index}`, "y".repeat(40)])]),
  // The four newest entries of the dynamic table, as block 3 leaves them.
  Uint8Array.of(0xc1, 0xc0, 0xbf, 0xbe),
  Uint8Array.of(0x20, 0x3f, 0xe1, 0x1f),
  new Uint8Array(0),
];

const increments = [1, 100, 20_000, 65_535, 0x7fff_0000, 0x7fff_ffff, 0] as const;

/** Where frames of the peer come from: kinds and streams are chosen by the input, the octets of DATA tell their place. */
export class PeerFrames {
  #nextId = 1;
  readonly #sent = new Map<number, number>();
  readonly #isServer: boolean;
  readonly #lastPing: () => readonly number[] | undefined;

  /** `role` is the engine's, and `lastPing` what there is to answer. */
  constructor(role: "server" | "client", lastPing: () => readonly number[] | undefined = () => undefined) {
    this.#isServer = role === "server";
    this.#lastPing = lastPing;
  }

  /** The octet that the peer sends at this place of a stream. */
  static octet(streamId: number, offset: number): number {
    return (streamId * 31 + offset) & 0xff;
  }

  /** The next frame by the kind `kind`, from 0 to 11. */
  next(kind: number, source: ByteSource): Uint8Array {
    switch (kind) {
      case 0:
        return this.#headers(source);
      case 1:
        return this.#data(source);
      case 2:
        return rawWindowUpdate(this.#stream(source), increments[source.octet() % increments.length] ?? 1);
      case 3:
        return settings(source);
      case 4:
        return rawSettingsAck;
      case 5:
        return rawReset(this.#stream(source), source.octet() % 16);
      case 6:
        return source.octet() % 3 === 0
          ? rawPing(undefined, source.octet() % 2 === 0)
          : rawPing(this.#lastPing(), true);
      case 7:
        return rawGoaway(source.octet() * 2 - 1, source.octet() % 16, "bye");
      case 8:
        return rawFrame(RawType.continuation, this.#block(source), {
          flags: source.octet() & RawFlag.endHeaders,
          streamId: this.#stream(source),
        });
      case 9:
        return rawPriority(this.#stream(source), source.octet());
      case 10:
        return rawWindowUpdate(0, increments[source.octet() % increments.length] ?? 1);
      default:
        return rawFrame(source.octet() % 12, source.bytes(source.octet()), {
          flags: source.octet(),
          streamId: this.#stream(source),
        });
    }
  }

  #headers(source: ByteSource): Uint8Array {
    const choice = source.octet();
    const streamId = this.#stream(source);
    const flags = (choice & 1 ? RawFlag.endStream : 0) | (choice & 2 ? 0 : RawFlag.endHeaders);
    return rawFrame(RawType.headers, this.#block(source), { flags, streamId });
  }

  #data(source: ByteSource): Uint8Array {
    const streamId = this.#stream(source);
    const choice = source.octet();
    const length = Math.min(16_000, choice & 2 ? source.uint16() : source.octet());
    const padding = choice & 4 ? source.octet() : -1;
    const from = this.#sent.get(streamId) ?? 0;
    this.#sent.set(streamId, from + length);
    const octets = Uint8Array.from({ length }, (_, at) => PeerFrames.octet(streamId, from + at));
    const payload = padding < 0 ? octets : joinBytes([padding], octets, new Uint8Array(padding));
    const flags = (choice & 1 ? RawFlag.endStream : 0) | (padding < 0 ? 0 : RawFlag.padded);
    return rawFrame(RawType.data, payload, { flags, streamId });
  }

  #block(source: ByteSource): Uint8Array {
    const choice = source.octet();
    return (
      blocks[choice] ?? (choice >= 0xf0 ? source.bytes(source.octet()) : (blocks[this.#isServer ? 0 : 1] as Uint8Array))
    );
  }

  /** Mostly streams that are or were there, or the next one. */
  #stream(source: ByteSource): number {
    const choice = source.octet();
    if (choice >= 0xf8) return [0, 0x7fff_ffff, 2, 101][choice & 3] ?? 0;
    if (choice >= 0x80 || choice % 16 === 0) {
      this.#nextId += 2;
      return this.#nextId - 2;
    }
    return (choice % 16) * 2 - 1;
  }
}

function settings(source: ByteSource): Uint8Array {
  const windows = [0, 1, 1_000, 65_535, 0x7fff_ffff, 0x8000_0000];
  const entries = Array.from({ length: source.octet() % 5 }, (): [number, number] => {
    // Mostly the window, which streams feel.
    const id = [4, 4, 4, 1, 2, 3, 5, 6, 8][source.octet() % 9] ?? 4;
    const choice = source.octet();
    return [id, id === 4 ? (windows[choice % windows.length] ?? 0) : choice * 64];
  });
  return rawSettings(entries);
}
