// SPDX-License-Identifier: Apache-2.0
// Header blocks as a gRPC client writes them (RFC 7541): the first one fills the table, the others use it.

export const path: Uint8Array = ascii("/bench.v1.EchoService/Echo");

/** `:method`, `:scheme`, and four fields that go into the table. */
export const firstBlock: Uint8Array = Uint8Array.from([
  ...[0x83, 0x86],
  ...[0x44, ...text(path)],
  ...[0x41, ...text(ascii("127.0.0.1:8080"))],
  ...[0x5f, ...text(ascii("application/grpc"))],
  ...[0x40, ...text(ascii("te")), ...text(ascii("trailers"))],
]);

/** The same as indexes: the newest entry is 62. */
export const knownBlock: Uint8Array = Uint8Array.from([0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]);

/** The same with a `grpc-timeout` that stays out of the table; its digits end one octet before the block's end. */
export function changingBlock(): Uint8Array {
  return Uint8Array.from([...knownBlock, 0x00, ...text(ascii("grpc-timeout")), ...text(ascii("1000000u"))]);
}

function text(bytes: Uint8Array): number[] {
  return [bytes.length, ...bytes];
}

function ascii(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
