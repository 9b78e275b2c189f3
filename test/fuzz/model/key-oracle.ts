// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  CallHeadSchema,
  CallHeadView,
  compileKeyScanner,
  EXACT_KEY_FIELDS,
  FrameFault,
  KeyBytes,
  MetadataKey,
  readCallHead,
  readStart,
  resolveKeyPath,
  START_METADATA_NUMBER,
  StartView,
  setKeyValue,
} from "@grpc-router/protocol";
import { ensure, ensureSame } from "./ensure.ts";

const margin = 3;
const paths = ["call_id", "half_close", "credit", "cancel.mode", "start.method", "start.authority", "start.timeout_us"];
const scanners = paths.map((path) => ({ path, scanner: compileKeyScanner(pathOf(CallHeadSchema, path)) }));
const metadata = new MetadataKey("a");
const out = new KeyBytes();

/**
 * Octets as a message with keys in it, here a CallHead: a key lies inside of them, does not depend on what surrounds them, and
 * is what a decoder says, where the decoder and the channel's own reader take them.
 */
export function checkKeys(octets: Uint8Array): void {
  const seen = [0x00, 0xff].map((fill) => {
    const bytes = new Uint8Array(octets.length + 2 * margin).fill(fill);
    bytes.set(octets, margin);
    const end = margin + octets.length;
    const keys = scanners.map(({ scanner }) => takeKey(scanner.scan(bytes, margin, end, out), bytes, end));
    return [...keys, takeKey(metadata.read(bytes, margin, end, START_METADATA_NUMBER, out), bytes, end)];
  });
  ensureSame(seen[0], seen[1], "a key may not depend on what surrounds the message");
  const decoded = decodeHead(octets);
  if (decoded === undefined) return;
  const expected = paths.map((path) => takeKey(setKeyValue(valueAt(decoded, path), out), octets, octets.length));
  ensureSame(seen[0]?.slice(0, paths.length), expected, "a key must be what a decoder says");
}

/** The message if its keys are beyond doubt. */
function decodeHead(octets: Uint8Array): ReflectMessage | undefined {
  // A field has two octets at least. Longer messages need not be read to their end.
  if (octets.length > 2 * EXACT_KEY_FIELDS) return undefined;
  // The decoder reads known fields whatever their wire type is; the channel's readers refuse such heads.
  const head = new CallHeadView();
  if (readCallHead(octets, 0, octets.length, head) !== FrameFault.none || head.controlStart >= 0) return undefined;
  const start = new StartView();
  const hasStart = head.startStart >= 0;
  if (hasStart && readStart(head.bytes, head.startStart, head.startEnd, start) !== FrameFault.none) return undefined;
  try {
    return reflect(CallHeadSchema, fromBinary(CallHeadSchema, octets));
  } catch {
    return undefined;
  }
}

function takeKey(found: boolean, bytes: Uint8Array, end: number): string | undefined {
  if (!found) return undefined;
  const isInside = out.bytes !== bytes || (out.start >= margin && out.end <= end);
  ensure(isInside, "a key must lie inside of its message", () => ({ start: out.start, end: out.end }));
  return Buffer.from(out.bytes.subarray(out.start, out.end)).toString("latin1");
}

function valueAt(message: ReflectMessage, path: string): Parameters<typeof setKeyValue>[0] {
  const [name = "", ...inner] = path.split(".");
  const field = message.desc.fields.find((candidate) => candidate.name === name);
  if (field === undefined || !message.isSet(field)) return undefined;
  const value: unknown = message.get(field);
  // Every path ends at a scalar or an enum, and all steps before it are messages.
  return inner.length > 0
    ? valueAt(value as ReflectMessage, inner.join("."))
    : (value as Parameters<typeof setKeyValue>[0]);
}

function pathOf(message: DescMessage, path: string) {
  const resolved = resolveKeyPath(message, path);
  if ("error" in resolved) throw new Error(resolved.error);
  return resolved.value;
}
