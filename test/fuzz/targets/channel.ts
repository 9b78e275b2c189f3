// SPDX-License-Identifier: Apache-2.0
import { ByteSource } from "../model/byte-source.ts";
import { checkFrame, checkSplitter } from "../model/channel-codec.ts";

/** What travels on a registration channel: the octets of a frame, or, if the first octet is a multiple of 8, of a stream of them. */
export function fuzz(input: Uint8Array): void {
  const source = new ByteSource(input);
  if (source.octet() % 8 === 0) checkSplitter(source);
  else checkFrame(source.rest());
}
