// SPDX-License-Identifier: Apache-2.0

export * from "./byte-pool.js";
export * from "./byte-slab.js";
export * from "./control-frame.js";
export * from "./copy-bytes.js";
export * from "./encode-end.js";
export * from "./encode-header.js";
export * from "./field-cursor.js";
export * from "./frame-fault.js";
export * from "./message-splitter.js";
export * from "./metadata-cursor.js";
export * from "./read-call-head.js";
export * from "./read-end.js";
export * from "./read-fragment.js";
export * from "./read-frame.js";
export * from "./read-header.js";
export * from "./read-reply-head.js";
export * from "./read-start.js";
export * from "./slice-tracker.js";
export * from "./text.js";
export * from "./varint.js";
export * from "./write-call-head.js";
export * from "./write-field.js";
export * from "./write-fragment.js";
export * from "./write-frame.js";
export * from "./write-metadata-entry.js";
export * from "./write-reply-head.js";
export type { MetadataList } from "./write-text-field.js";
