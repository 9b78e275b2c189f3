// SPDX-License-Identifier: Apache-2.0
import { type Connection, createConnection, createHeaderTemplate, type Stream } from "@grpc-router/http2";
import { framedPayload } from "../load/messages.ts";
import { firstBlock, knownBlock } from "./blocks.ts";
import type { Operation } from "./operation.ts";

const preface = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const settings = Uint8Array.from([0, 0, 0, 0x4, 0, 0, 0, 0, 0]);
const acknowledged = Uint8Array.from([0, 0, 0, 0x4, 0x1, 0, 0, 0, 0]);
const trailersOnly = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
  ["grpc-status", "0"],
]);
const none = new Uint8Array(0);

/** A unary call through a connection of the server's role: HEADERS and DATA in, one HEADERS out. */
export function frameOperations(): Operation[] {
  let connection: Connection<true>;
  connection = createConnection<number, true>({
    role: "server",
    nowMs: 0,
    reader: { begin() {}, field() {}, end: () => 1, keep: (head) => head },
    host: { schedule() {}, flush() {}, pause() {}, resumeLater() {}, close() {} },
    handler: {
      onHead() {},
      onData(stream: Stream<true>, _bytes, start, end, endStream) {
        connection.consume(stream, end - start);
        if (endStream) connection.writeHead(stream, trailersOnly, none, 0, 0, true);
      },
      onTrailers() {},
      onSent() {},
      onRoom() {},
      onClosed() {},
      onTurn() {},
      onGoaway() {},
      onConnectionClosed(reason) {
        throw new Error(`Cannot measure frames: ${reason.message}`);
      },
    },
  });
  const give = (bytes: Uint8Array) => connection.receive(bytes, 0, bytes.length, 0);
  give(preface);
  give(settings);
  give(acknowledged);
  let lastId = -1;
  const first = callFrames(firstBlock);
  const known = callFrames(knownBlock);
  const call = ({ bytes, idOffsets }: ReturnType<typeof callFrames>) => {
    lastId += 2;
    for (const offset of idOffsets) new DataView(bytes.buffer).setUint32(offset, lastId);
    give(bytes);
    for (let output = connection.takeOutput(); output !== undefined; output = connection.takeOutput()) {
      connection.releaseOutput(output);
    }
  };
  call(first);
  return [
    {
      name: "frames: a unary call, HEADERS and DATA in, HEADERS out",
      run(count) {
        for (let index = 0; index < count; index++) call(known);
        return lastId;
      },
    },
  ];
}

/** HEADERS and DATA of a call, and where the stream's id stands in them. */
function callFrames(block: Uint8Array): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly idOffsets: readonly number[];
} {
  const message = framedPayload(7);
  const head = [0, 0, block.length, 0x1, 0x4, 0, 0, 0, 0, ...block];
  const data = [0, 0, message.length, 0x0, 0x1, 0, 0, 0, 0, ...message];
  return { bytes: Uint8Array.from([...head, ...data]), idOffsets: [5, head.length + 5] };
}
