// SPDX-License-Identifier: Apache-2.0

/** A gRPC message, length-prefixed, whose field 1 is a payload of so many bytes: EchoRequest and EchoResponse alike. */
export function framedPayload(payloadBytes: number): Uint8Array<ArrayBuffer> {
  const length = varint(payloadBytes);
  const messageBytes = 1 + length.length + payloadBytes;
  const framed = new Uint8Array(5 + messageBytes);
  new DataView(framed.buffer).setUint32(1, messageBytes);
  framed.set([0x0a, ...length], 5);
  framed.fill(0x78, 5 + 1 + length.length);
  return framed;
}

function varint(value: number): number[] {
  const octets: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) octets.push((rest & 0x7f) | 0x80);
  return [...octets, rest];
}
