// SPDX-License-Identifier: Apache-2.0

/** Octets of a request message that the server takes, as gRPC servers do by default. */
const maxMessageBytes = 4 * 1024 * 1024;
const prefixBytes = 5;

/** A message with its gRPC prefix. */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The gRPC messages of a stream as they come. @throws Error for one that is too long or not whole. */
export async function* readMessages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = prefixBytes;
  for await (const chunk of stream) {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= wanted) {
      const bytes = chunks.length === 1 ? (chunks[0] ?? chunk) : Buffer.concat(chunks);
      const end = prefixBytes + bytes.readUInt32BE(1);
      if (end - prefixBytes > maxMessageBytes) throw new Error("Cannot read a message: it is too long");
      chunks = [bytes];
      wanted = end;
      if (held < end) break;
      yield bytes.subarray(prefixBytes, end);
      chunks = [bytes.subarray(end)];
      held -= end;
      wanted = prefixBytes;
    }
  }
  if (held > 0) throw new Error("Cannot read a message: it is not whole");
}
