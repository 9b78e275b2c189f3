// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import type { Scheduler, Transport } from "@grpc-router/http2";
import type { DuplexEnd } from "@grpc-router/testing";

/** A socket as one end of a duplex, so that the peers of packages/testing run on it. */
export type SocketEnd = Transport & Pick<DuplexEnd, "deliverTo">;

/**
 * Wraps a socket in the plainest way: every write is copied and taken. `onEvent` is called behind each delivery. (The
 * product's own transport is packages/node/src/socket.)
 */
export function createSocketEnd(socket: Socket, onEvent: () => void = () => {}): SocketEnd {
  return {
    peer: { address: `${socket.remoteAddress}:${socket.remotePort}`, encrypted: false, identities: [] },
    write(bytes, length) {
      if (socket.writable) socket.write(bytes.slice(0, length));
      return true;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    setReading: (reading) => void (reading ? socket.resume() : socket.pause()),
    deliverTo(sink) {
      let failure: Error | undefined;
      socket.on("data", (bytes) => {
        sink.receive(bytes, 0, bytes.length);
        onEvent();
      });
      socket.on("end", () => {
        sink.ended();
        onEvent();
      });
      socket.on("error", (error) => {
        failure = error;
      });
      socket.on("close", () => {
        sink.closed(failure);
        onEvent();
      });
    },
  };
}

/** Node's time and turns. */
export const nodeScheduler: Scheduler = {
  nowMs: () => performance.now(),
  defer: (task) => void setImmediate(task),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
