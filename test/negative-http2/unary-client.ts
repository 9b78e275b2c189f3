// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect } from "node:net";
import { ErrorCode } from "@grpc-router/http2";
import { createTestClient, type TestCall, type TestClient } from "@grpc-router/testing";
import { createSocketEnd, nodeScheduler } from "../harness/socket-end.ts";
import { statusOfReset } from "./status-of-reset.ts";

/** What a call came to. */
export interface UnaryOutcome {
  /** gRPC status code, made by the client if the server sent none. */
  readonly code: number;
  /** The response; undefined unless the call came to OK. */
  readonly message: Uint8Array | undefined;
}

/** A gRPC client on the engine's client role: one connection at a time, a new one when the server goes away. */
export interface UnaryClient {
  call(path: string, message: Uint8Array): Promise<UnaryOutcome>;
  /** Connections made so far. */
  readonly connections: number;
  /** Leaves in good order: what is still to be sent goes out first. */
  close(): void;
}

const status = { ok: 0, unknown: 2, internal: 13, unavailable: 14 } as const;

/** A connection and a way to wait for what happens on it. */
interface Channel {
  readonly client: TestClient;
  until(isSo: () => boolean): Promise<void>;
}

/** Creates a client; it connects with the first call. */
export function createUnaryClient(port: number): UnaryClient {
  const channels: Channel[] = [];
  let dialling: Promise<Channel> | undefined;
  const usable = async (): Promise<Channel> => {
    const last = channels.at(-1);
    if (last !== undefined && !isLeaving(last.client)) return last;
    dialling ??= openChannel(port).then((channel) => {
      channels.push(channel);
      dialling = undefined;
      return channel;
    });
    return await dialling;
  };
  return {
    get connections() {
      return channels.length;
    },
    async call(path, message) {
      for (;;) {
        const { client, until } = await usable();
        await until(() => client.connection.canOpen || isLeaving(client));
        if (isLeaving(client) || !client.connection.canOpen) continue; // another call has taken the place
        const call = client.unary(path, message);
        await until(() => call.closed);
        return outcomeOf(call);
      }
    },
    close() {
      for (const { client } of channels) client.connection.close(ErrorCode.noError, "done");
    },
  };
}

/** The server has said GOAWAY, or the connection is gone: new calls go elsewhere. */
function isLeaving({ goaways, closeReason }: TestClient): boolean {
  return goaways.length > 0 || closeReason !== undefined;
}

async function openChannel(port: number): Promise<Channel> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  const waiting = new Set<() => void>();
  const end = createSocketEnd(socket, () => {
    for (const look of [...waiting]) look();
  });
  const client = createTestClient(end, nodeScheduler);
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { client, until };
}

function outcomeOf({ reset, status: sent, messages }: TestCall): UnaryOutcome {
  const failed = (code: number): UnaryOutcome => ({ code, message: undefined });
  if (reset !== undefined) return failed(reset.by === "peer" ? statusOfReset(reset.code) : status.unavailable);
  if (sent === undefined) return failed(status.unknown);
  const [message] = messages;
  if (sent.code === status.ok) {
    return message === undefined || messages.length > 1 ? failed(status.internal) : { code: 0, message: message.bytes };
  }
  return failed(sent.code);
}
