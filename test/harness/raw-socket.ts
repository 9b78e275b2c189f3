// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createRawPeer, RawFlag, type RawPeer, type RawPeerOptions, RawType, rawPing } from "@grpc-router/testing";
import { createSocketEnd } from "./socket-end.ts";

/** A raw peer on a socket: it sends what it is told to, and one can wait for what comes. */
export interface RawSocket extends RawPeer {
  /** Resolves as soon as `isSo` answers true, asked now and whenever something has come. @throws Error after 5 s. */
  until(isSo: () => boolean, what: string): Promise<void>;
  /** Sends PING and resolves to whether it was answered; false: the connection ended. */
  pingAnswered(): Promise<boolean>;
  close(): void;
}

/** Milliseconds that something may take to come. */
const COME_WITHIN_MS = 5_000;

/** Connects as a client; nothing is sent yet, not even the preface. */
export async function connectRawSocket(address: { readonly host: string; readonly port: number }): Promise<RawSocket> {
  const socket = connect(address.port, address.host);
  const peer = createRawSocket(socket);
  await once(socket, "connect");
  return peer;
}

/** A raw peer at this end of `socket`. */
export function createRawSocket(socket: Socket, options: RawPeerOptions = {}): RawSocket {
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const look of waiting) look();
  };
  const peer = createRawPeer(createSocketEnd(socket, notify), options);
  const until = (isSo: () => boolean, what: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (isSo()) resolve();
    };
    const timer = setTimeout(() => reject(new Error(`${what} did not come: ${describe(peer)}`)), COME_WITHIN_MS);
    waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };
  let pings = 0;
  const pingAnswered = async (): Promise<boolean> => {
    const opaque = [0x70, 0x65, 0x65, 0x72, 0, 0, 0, ++pings];
    const answers = () => peer.framesOf(RawType.ping).filter(({ flags }) => flags === RawFlag.ack);
    const isAnswered = () => answers().some(({ payload }) => payload.join() === opaque.join());
    peer.send(rawPing(opaque));
    await until(() => isAnswered() || peer.over !== undefined, "an answer to PING");
    return isAnswered();
  };
  // Not a copy: its getters tell what is so now.
  return Object.assign(Object.create(peer) as RawPeer, { until, pingAnswered, close: () => void socket.destroy() });
}

function describe(peer: RawPeer): string {
  const frames = peer.frames.map(({ type, streamId, flags }) => `${type}/${streamId}/${flags}`);
  return `received type/stream/flags ${frames.join(" ") || "nothing"}, ${peer.over ?? "open"}`;
}
