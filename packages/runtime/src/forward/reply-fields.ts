// SPDX-License-Identifier: Apache-2.0
import { copyBytes, sizeofLiteralField, writeLiteralName, writeLiteralValue } from "@grpc-router/http2";
import {
  decodeStatusDetails,
  END_TRAILERS_NUMBER,
  type EndView,
  ERROR_DOMAIN,
  HEADER_METADATA_NUMBER,
  type HeaderView,
  isMetadataName,
  isMetadataValue,
  isReservedNameAt,
  MetadataCursor,
  sizeofBase64,
  writeBase64,
} from "@grpc-router/protocol";
import { asciiBytes } from "./ascii.js";
import { isLoadReport } from "./call-load.js";

const encodingName = asciiBytes("grpc-encoding");
const acceptEncodingName = asciiBytes("grpc-accept-encoding");
const statusName = asciiBytes("grpc-status");
const messageName = asciiBytes("grpc-message");
const detailsName = asciiBytes("grpc-status-details-bin");
/** Status codes as they are written, by number. */
const statusTexts: readonly Uint8Array[] = Array.from({ length: 17 }, (_, code) => asciiBytes(String(code)));
/** What a code outside gRPC's reads as: UNKNOWN. */
const unknownCode = 2;

const cursor = new MetadataCursor();

/** What of an instance's reply goes on to clients. */
export interface ReplyFieldsOptions {
  /** As `RouterOptions.errorDetails`. */
  readonly errorDetails: boolean;
  /** As `RouterOptions.forwardLoadReports`. */
  readonly forwardLoadReports: boolean;
}

/**
 * Turns the metadata of an instance into HPACK literals, byte by byte and without strings. What an instance says goes to
 * clients as header fields, so every octet is checked here: this is where a reply could smuggle one in.
 */
export class ReplyFields {
  /** The literals, `bytes[0, end)`. */
  bytes: Uint8Array = new Uint8Array(1024);
  end = 0;
  /** What was wrong with the last metadata that was refused. */
  problem = "";

  /** With `errorDetails` false, what routers and bridges say in details stays inside. */
  readonly #errorDetails: boolean;
  readonly #stripsLoad: boolean;

  constructor(options: ReplyFieldsOptions) {
    this.#errorDetails = options.errorDetails;
    this.#stripsLoad = !options.forwardLoadReports;
  }

  clear(): void {
    this.end = 0;
  }

  /** Makes room for `size` octets and answers the buffer to write them to, from `end`. */
  reserve(size: number): Uint8Array {
    if (this.end + size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.end + size));
      copyBytes(this.bytes, 0, this.end, grown, 0);
      this.bytes = grown;
    }
    return this.bytes;
  }

  /** The fields of a Header: encodings, then metadata. False if the instance may not say this. */
  addHeader(bytes: Uint8Array, start: number, end: number, view: HeaderView): boolean {
    return (
      this.#addChecked(encodingName, bytes, view.encodingStart, view.encodingEnd) &&
      this.#addChecked(acceptEncodingName, bytes, view.acceptEncodingStart, view.acceptEncodingEnd) &&
      (view.metadataCount === 0 || this.#addMetadata(bytes, start, end, HEADER_METADATA_NUMBER))
    );
  }

  /** The fields of an End: status, message, details, trailers. False if the instance may not say this. */
  addEnd(bytes: Uint8Array, start: number, end: number, view: EndView): boolean {
    const code = statusTexts[view.code] ?? statusTexts[unknownCode] ?? asciiBytes("2");
    this.#add(statusName, code, 0, code.length);
    return (
      this.#addChecked(messageName, bytes, view.messageStart, view.messageEnd) &&
      this.addTrailers(bytes, start, end, view)
    );
  }

  /** As `addEnd` without status and message: behind a template that says status 0. */
  addTrailers(bytes: Uint8Array, start: number, end: number, view: EndView): boolean {
    this.#addDetails(bytes, view.detailsStart, view.detailsEnd);
    return view.trailersCount === 0 || this.#addMetadata(bytes, start, end, END_TRAILERS_NUMBER);
  }

  /** A field of the router's own. */
  addField(name: string, value: string): void {
    const bytes = asciiBytes(value);
    this.#add(asciiBytes(name), bytes, 0, bytes.length);
  }

  #addMetadata(bytes: Uint8Array, start: number, end: number, fieldNumber: number): boolean {
    cursor.reset(bytes, start, end, fieldNumber);
    while (cursor.next()) {
      const { nameStart, nameEnd, valueStart, valueEnd } = cursor;
      if (this.#stripsLoad && isLoadReport(bytes, nameStart, nameEnd)) continue;
      if (!isMetadataName(bytes, nameStart, nameEnd)) return this.#refuse("a name with other than 0-9 a-z _ - .");
      if (isReservedNameAt(bytes, nameStart, nameEnd)) return this.#refuse("a name that is reserved");
      if (!isMetadataValue(bytes, valueStart, valueEnd)) return this.#refuse("a value with other than printable ASCII");
      const target = this.reserve(sizeofLiteralField(nameEnd - nameStart, valueEnd - valueStart));
      const at = writeLiteralName(target, this.end, bytes, nameStart, nameEnd);
      this.end = writeLiteralValue(target, at, bytes, valueStart, valueEnd);
    }
    return true;
  }

  #addChecked(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return true;
    if (!isMetadataValue(bytes, start, end)) return this.#refuse("a text with other than printable ASCII");
    this.#add(name, bytes, start, end);
    return true;
  }

  #addDetails(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (!this.#errorDetails && isOurs(bytes.subarray(start, end))) return;
    const text = new Uint8Array(sizeofBase64(end - start));
    writeBase64(text, 0, bytes, start, end);
    this.#add(detailsName, text, 0, text.length);
  }

  #add(name: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    const target = this.reserve(sizeofLiteralField(name.length, end - start));
    this.end = writeLiteralValue(target, writeLiteralName(target, this.end, name, 0, name.length), bytes, start, end);
  }

  #refuse(problem: string): false {
    this.problem = problem;
    return false;
  }
}

/** True if a google.rpc.Status holds nothing but the ErrorInfo of a bridge. */
function isOurs(bytes: Uint8Array): boolean {
  const status = decodeStatusDetails(bytes);
  return status?.errorInfo?.domain === ERROR_DOMAIN && (status.others ?? []).length === 0;
}
