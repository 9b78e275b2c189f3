// SPDX-License-Identifier: Apache-2.0
export type { RawFrame, RawFrameOptions } from "./raw-frame.js";
export {
  ascii,
  joinBytes,
  RawFlag,
  RawSetting,
  RawType,
  rawContinuation,
  rawData,
  rawFrame,
  rawGoaway,
  rawHeaders,
  rawMessage,
  rawPing,
  rawPreface,
  rawPriority,
  rawReset,
  rawSettings,
  rawSettingsAck,
  rawWindowUpdate,
} from "./raw-frame.js";
export type { RawFrameParser } from "./raw-frame-parser.js";
export { createRawFrameParser } from "./raw-frame-parser.js";
export type { RawField, RawHpackDecoder, RawLiteralKind } from "./raw-hpack.js";
export { createRawHpackDecoder, rawIndexed, rawInteger, rawLiterals, rawTableSize } from "./raw-hpack.js";
export { decodeRawHuffman, encodeRawHuffman } from "./raw-huffman.js";
export type { RawPeer, RawPeerOptions } from "./raw-peer.js";
export { createRawPeer, requestFields } from "./raw-peer.js";
