// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Socket } from "node:net";
import { createRawFrameParser, RawFlag, type RawFrame, RawType, rawPreface } from "@grpc-router/testing";
import { listenOnLoopback } from "../harness/loopback.ts";

/** The frames of one connection that went through a tap, in the order in which they passed. */
export interface TappedConnection {
  readonly frames: readonly { readonly from: "client" | "server"; readonly frame: RawFrame }[];
}

/** A relay between client and server that writes down every frame and changes nothing. */
export interface FrameTap {
  readonly port: number;
  readonly connections: readonly TappedConnection[];
  close(): void;
}

/** What a tap relays to. */
export interface FrameTapOptions {
  /** The port that a connection which comes now goes to. */
  readonly target: () => number;
  /** Sees each frame before it is passed on. */
  readonly onFrame?: (from: "client" | "server", frame: RawFrame) => void;
}

/** Starts a tap. */
export async function startFrameTap({ target, onFrame }: FrameTapOptions): Promise<FrameTap> {
  const connections: TappedConnection[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target(), host: "127.0.0.1", allowHalfOpen: true });
    const frames: { readonly from: "client" | "server"; readonly frame: RawFrame }[] = [];
    connections.push({ frames });
    const relay = (source: Socket, sink: Socket, from: "client" | "server") => {
      const parser = createRawFrameParser({ skip: from === "client" ? rawPreface.length : 0 });
      sockets.add(source);
      source.on("data", (bytes) => {
        for (const frame of parser.push(bytes)) {
          frames.push({ from, frame });
          onFrame?.(from, frame);
        }
        sink.write(bytes);
      });
      source.on("end", () => sink.end());
      source.on("error", () => sink.destroy());
    };
    relay(client, upstream, "client");
    relay(upstream, client, "server");
  });
  return { ...(await listenOnLoopback(server, sockets)), connections };
}

/** The frames of one side and type. */
export function framesOf(
  connection: TappedConnection | undefined,
  from: "client" | "server",
  type: number,
): RawFrame[] {
  const passed = connection?.frames ?? [];
  return passed.flatMap(({ from: side, frame }) => (side === from && frame.type === type ? [frame] : []));
}

/** The most streams that were open at once behind the client's acknowledgement of SETTINGS. */
export function mostStreamsAtOnce({ frames }: TappedConnection): number {
  const open = new Set<number>();
  let knowsLimit = false;
  let most = 0;
  for (const { from, frame } of frames) {
    if (from === "client" && frame.type === RawType.settings) knowsLimit ||= (frame.flags & RawFlag.ack) !== 0;
    if (from === "client" && frame.type === RawType.headers) open.add(frame.streamId);
    if (from === "server" && isLast(frame)) open.delete(frame.streamId);
    if (knowsLimit) most = Math.max(most, open.size);
  }
  return most;
}

function isLast({ type, flags }: RawFrame): boolean {
  const mayEnd = type === RawType.data || type === RawType.headers;
  return type === RawType.rstStream || (mayEnd && (flags & RawFlag.endStream) !== 0);
}
