// SPDX-License-Identifier: Apache-2.0
// The other end of a bridge as the tests play it: an HTTP/2 server that answers Register streams frame by frame.

import {
  attachTransport,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  createFlusher,
  type FieldList,
  type Limits,
} from "@grpc-router/http2";
import { createDuplex, type Duplex, type DuplexOptions, type FakeScheduler } from "@grpc-router/testing";
import type { Dialer } from "../ports.js";
import { PeerChannel } from "./peer-channel.suite.js";

/** One connection at the router. */
export interface PeerConnection {
  readonly duplex: Duplex;
  readonly connection: Connection<PeerChannel>;
  readonly channels: readonly PeerChannel[];
}

/** A router that does what a test says. */
export interface RouterPeer {
  readonly dial: Dialer;
  readonly connections: readonly PeerConnection[];
  /** Register streams of all connections, in order. */
  readonly channels: readonly PeerChannel[];
  /** Dials so far. */
  readonly dials: number;
  /** While set, dials fail with it. */
  refuse: Error | undefined;
  /** While true, dials stay unanswered. */
  hang: boolean;
  /** Dials given up. */
  readonly cancelled: number;
  /** The last Register stream. */
  last(): PeerChannel;
}

/** Creates a router at the other end of whatever the bridge dials. */
export function createRouterPeer(
  scheduler: FakeScheduler,
  options: DuplexOptions = {},
  limits: Partial<Limits> = {},
): RouterPeer {
  const connections: PeerConnection[] = [];
  const channels: PeerChannel[] = [];
  const peer = {
    connections,
    channels,
    dials: 0,
    cancelled: 0,
    refuse: undefined as Error | undefined,
    hang: false,
    dial: ((events) => {
      peer.dials++;
      let isOn = true;
      scheduler.defer(() => {
        if (!isOn || peer.hang) return;
        if (peer.refuse !== undefined) return events.failed(peer.refuse);
        const duplex = createDuplex(scheduler, { right: { address: "router.test:80" }, ...options });
        const accepted = acceptPeer(duplex, scheduler, channels, limits);
        connections.push(accepted);
        duplex.left.deliverTo(events.connected(duplex.left));
      });
      return {
        cancel: () => {
          isOn = false;
          peer.cancelled++;
        },
      };
    }) satisfies Dialer,
    last(): PeerChannel {
      const channel = channels.at(-1);
      if (channel === undefined) throw new Error("Cannot find a Register stream");
      return channel;
    },
  };
  return peer;
}

function acceptPeer(
  duplex: Duplex,
  scheduler: FakeScheduler,
  all: PeerChannel[],
  limits: Partial<Limits>,
): PeerConnection {
  const channels: PeerChannel[] = [];
  let write = 0;
  const handler: ConnectionHandler<FieldList, PeerChannel> = {
    onHead(stream, head) {
      stream.data = new PeerChannel(connection, stream, head);
      channels.push(stream.data);
      all.push(stream.data);
      connection.growWindow(stream, 1_048_576);
    },
    onData(stream, bytes, start, end, endStream) {
      connection.consume(stream, end - start);
      stream.data?.receive(bytes.slice(start, end), write);
      if (endStream && stream.data) stream.data.ended = true;
    },
    onTrailers: () => undefined,
    onSent: () => undefined,
    onRoom: () => undefined,
    onClosed(stream, code, by) {
      if (stream.data) stream.data.closed = { code, by };
    },
    onTurn: () => void write++,
    onGoaway: () => undefined,
    onConnectionClosed: () => undefined,
  };
  const { connection, sink } = attachTransport<FieldList, PeerChannel>(duplex.right, createFlusher(scheduler), {
    role: "server",
    reader: createFieldListReader(),
    handler,
    limits,
  });
  duplex.right.deliverTo(sink);
  return { duplex, connection, channels };
}
