// SPDX-License-Identifier: Apache-2.0
import type { PeerInfo, Transport, TransportSink } from "@grpc-router/http2";
import { createDuplex, type Duplex, type DuplexEnd } from "../duplex.js";
import type { Proof } from "./proof.js";
import type { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

/** Who listens to a link; `left` is the side that dialled. */
export interface LinkTap {
  sent(from: "left" | "right", bytes: Uint8Array, length: number): void;
  /** Bytes have arrived; the side handles them when this returns. */
  read(by: "left" | "right", bytes: Uint8Array, start: number, end: number): void;
  /** It has. */
  handled(by: "left" | "right"): void;
  gone(side: "left" | "right"): void;
}

/** Half of what a router waits for whatever a client owes it. */
const longTroubleMs = 5_000;

/** A connection between two processes, with a network that can fail and ears at both ends. */
export class SimLink {
  readonly name: string;
  readonly left: SimProcess;
  readonly right: SimProcess;
  /** Who the left end is to a router. */
  readonly principal: string;
  readonly leftEnd: Transport & Pick<DuplexEnd, "deliverTo">;
  readonly rightEnd: Transport & Pick<DuplexEnd, "deliverTo">;
  tap: LinkTap | undefined;
  /** An end has written more than the network takes. */
  leftHeld = false;
  rightHeld = false;
  isOver = false;
  /** Nothing arrives before; `Infinity`: never again. */
  troubledUntilMs = 0;
  /** Its ends may have given each other up. */
  wasLongTroubled = false;
  /** One way. */
  readonly latencyMs: number;
  readonly #world: World;
  readonly #duplex: Duplex;
  #goneSides = 0;

  constructor(world: World, name: string, left: SimProcess, right: SimProcess, { identities, principal }: Proof) {
    const { random, scenario } = world;
    this.#world = world;
    this.name = name;
    this.left = left;
    this.right = right;
    this.principal = principal;
    this.latencyMs = random.random() * scenario.maxLatencyMs;
    this.#duplex = createDuplex(left.io, {
      leftScheduler: left.io,
      rightScheduler: right.io,
      left: { address: left.name, identities, encrypted: identities.length > 0 },
      right: { address: right.name },
      latencyMs: this.latencyMs,
      ...(random.integer(3) === 0 ? { random: world.fork() } : {}),
      maxChunkBytes: 16_384,
      ...(scenario.isNarrow && random.integer(2) === 0
        ? { bytesPerMs: 500 + random.integer(5_000), capacityBytes: 2_000 + random.integer(60_000) }
        : {}),
    });
    this.leftEnd = new TappedEnd(this, "left", this.#duplex.left);
    this.rightEnd = new TappedEnd(this, "right", this.#duplex.right);
  }

  /** Both ends learn at once that it is gone. */
  reset(): void {
    this.#duplex.reset();
  }

  /** Nothing arrives any more, in one direction or in both, and nobody is told. */
  cut(direction: "toLeft" | "toRight" | "both" = "both"): void {
    this.troubledUntilMs = Number.POSITIVE_INFINITY;
    this.wasLongTroubled = true;
    this.#duplex.cut(direction);
  }

  /** Nothing arrives for `ms`. */
  stall(direction: "toLeft" | "toRight" | "both", ms: number): void {
    this.troubledUntilMs = Math.max(this.troubledUntilMs, this.#world.nowMs + ms);
    if (ms >= longTroubleMs) this.wasLongTroubled = true;
    this.#duplex.stall(direction, ms);
  }

  /** The process at one end is dead: its kernel closes the connection, behind what was under way. */
  abandon(side: "left" | "right"): void {
    this.#duplex[side].destroy();
    this.onGone(side);
  }

  /** The machine at one end is gone, and nobody is told. */
  lose(side: "left" | "right"): void {
    this.cut();
    this.onGone(side);
  }

  onSent(from: "left" | "right", bytes: Uint8Array, length: number): void {
    this.tap?.sent(from, bytes, length);
  }

  onRead(by: "left" | "right", bytes: Uint8Array, start: number, end: number): void {
    const world = this.#world;
    world.mix(Math.floor(world.nowMs * 1_000));
    world.mix(end - start);
    for (let at = start; at < end; at += 61) world.mix(bytes[at] ?? 0);
    this.tap?.read(by, bytes, start, end);
  }

  onGone(side: "left" | "right"): void {
    const bit = side === "left" ? 1 : 2;
    if ((this.#goneSides & bit) !== 0) return;
    this.#goneSides |= bit;
    this.isOver = this.#goneSides === 3;
    this.tap?.gone(side);
  }
}

/** One end as its process sees it. */
class TappedEnd implements Transport {
  readonly peer: PeerInfo;
  readonly #link: SimLink;
  readonly #side: "left" | "right";
  readonly #end: DuplexEnd;
  /** The last write did not fit. */
  #refused = false;

  constructor(link: SimLink, side: "left" | "right", end: DuplexEnd) {
    this.#link = link;
    this.#side = side;
    this.#end = end;
    this.peer = end.peer;
  }

  deliverTo(sink: TransportSink): void {
    const link = this.#link;
    const side = this.#side;
    this.#end.deliverTo({
      receive(bytes, start, end) {
        link.onRead(side, bytes, start, end);
        sink.receive(bytes, start, end);
        link.tap?.handled(side);
      },
      drained: () => {
        // What goes out now was decided while the network took nothing.
        setHeld(link, side, true);
        this.#refused = false;
        sink.drained();
        if (!this.#refused) setHeld(link, side, false);
      },
      ended() {
        sink.ended();
        // To HTTP/2 the peer's end is the end of the connection.
        link.onGone(side);
      },
      closed(error) {
        link.onGone(side);
        sink.closed(error);
      },
    });
  }

  write(bytes: Uint8Array, length: number): boolean {
    this.#link.onSent(this.#side, bytes, length);
    const isTaken = this.#end.write(bytes, length);
    this.#refused = !isTaken;
    if (!isTaken) setHeld(this.#link, this.#side, true);
    return isTaken;
  }

  end(): void {
    this.#end.end();
  }

  destroy(): void {
    this.#link.onGone(this.#side);
    this.#end.destroy();
  }

  setReading(reading: boolean): void {
    this.#end.setReading(reading);
  }
}

function setHeld(link: SimLink, side: "left" | "right", isHeld: boolean): void {
  if (side === "left") link.leftHeld = isHeld;
  else link.rightHeld = isHeld;
}
