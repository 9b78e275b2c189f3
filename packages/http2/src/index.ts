// SPDX-License-Identifier: Apache-2.0

export type { Attached, AttachOptions } from "./connection/attach-transport.js";
export { attachTransport } from "./connection/attach-transport.js";
export type {
  CloseReason,
  Connection,
  ConnectionHandler,
  ConnectionHost,
  ConnectionOptions,
  Stream,
} from "./connection/connection.js";
export { createConnection } from "./connection/create-connection.js";
export type { Flusher } from "./connection/flusher.js";
export { createFlusher } from "./connection/flusher.js";
export { copyBytes } from "./copy-bytes.js";
export { countsByName, EngineCounters } from "./engine-counters.js";
export { WindowBudget } from "./flow/window-budget.js";
export { ErrorCode, nameOfErrorCode } from "./frame/error-code.js";
export type { FieldList } from "./hpack/field-list-reader.js";
export { createFieldListReader } from "./hpack/field-list-reader.js";
export { FieldName } from "./hpack/field-name.js";
export type { FieldView, HeadReader, TableEntry } from "./hpack/head-reader.js";
export { HeadKind } from "./hpack/head-reader.js";
export type { HeaderTemplate } from "./hpack/header-template.js";
export { createHeaderTemplate } from "./hpack/header-template.js";
export { huffmanDecode, huffmanDecodedMax } from "./hpack/huffman-decode.js";
export { huffmanEncode, huffmanEncodedLength } from "./hpack/huffman-encode.js";
export { sizeofLiteralField, writeLiteralField, writeLiteralName, writeLiteralValue } from "./hpack/literal-field.js";
export type { Http2ErrorCode } from "./http2-error.js";
export { Http2Error } from "./http2-error.js";
export type { KeepaliveOptions } from "./keepalive.js";
export { defaultKeepalive, nextPingTimeMs, tooManyPings, validateKeepalive } from "./keepalive.js";
export type { Limits } from "./limits.js";
export { defaultLimits, validateLimits } from "./limits.js";
export type { PeerInfo, Scheduler, Timer, Transport, TransportSink } from "./ports.js";
export type { FrameTraceOptions } from "./trace/frame-trace.js";
export { FrameTrace } from "./trace/frame-trace.js";
export { isSecretName } from "./trace/is-secret-name.js";
