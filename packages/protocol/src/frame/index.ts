// SPDX-License-Identifier: Apache-2.0

export { copyBytes } from "./copy-bytes.js";
export { FieldCursor, WireType } from "./field-cursor.js";
export { FrameFault } from "./frame-fault.js";
export { type MessageSink, MessageSplitter } from "./message-splitter.js";
export {
  END_TRAILERS_NUMBER,
  HEADER_METADATA_NUMBER,
  MetadataCursor,
  START_METADATA_NUMBER,
} from "./metadata-cursor.js";
export { CallHeadView, readCallHead } from "./read-call-head.js";
export { EndView, readEnd } from "./read-end.js";
export { FragmentView, readFragment } from "./read-fragment.js";
export { FIRST_MEMBER_NUMBER, FRAGMENT_NUMBER, FrameView, HEAD_NUMBER, readFrame } from "./read-frame.js";
export { HeaderView, readHeader } from "./read-header.js";
export { ReplyHeadView, readReplyHead } from "./read-reply-head.js";
export { readStart, StartView } from "./read-start.js";
export { sizeofVarint, UNSAFE_UINT64, writeVarint } from "./varint.js";
export { CallHeadFields, sizeofCallHead, writeCallHead } from "./write-call-head.js";
export { sizeofFragmentPrefix, writeFragmentPrefix } from "./write-fragment.js";
export { sizeofFramePrefix, writeCallFrame, writeReplyFrame } from "./write-frame.js";
export { type FieldBytes, sizeofMetadataEntry, writeMetadataEntry } from "./write-metadata-entry.js";
export { ReplyHeadFields, sizeofReplyHead, writeReplyHead } from "./write-reply-head.js";
