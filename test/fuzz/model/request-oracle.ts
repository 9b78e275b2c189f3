// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { CallStartSchema, MAX_METADATA_BYTES, MAX_METADATA_ENTRIES } from "@grpc-router/protocol";
import {
  ContentType,
  HeadFault,
  type RequestHead,
  Verb,
  WaitForReady,
} from "../../../packages/runtime/src/forward/request-head.ts";
import type { Field } from "./hpack-oracle.ts";

// What a request says, twice: by the router's reader, and from plain strings.

const dropped =
  /^(:.*|te|content-length|host|trailer|content-type|grpc-(timeout|encoding|accept-encoding|previous-rpc-attempts|status|message|status-details-bin|message-type)|x-grpc-router-wait-for-ready)$/;
/** What the channel carries (docs/channel.md section 4); the rest is left out. */
const carriedName = /^[0-9a-z_.-]+$/;
const carriedValue = /^(?! )[ -~]*$(?<! )/;
const unitsUs: Readonly<Record<string, number>> = { n: 0.001, u: 1, m: 1e3, S: 1e6, M: 6e7, H: 3.6e9 };

/** What the router's reader made of a request. */
export function factsOfHead(head: RequestHead): Record<string, unknown> {
  const start = fromBinary(CallStartSchema, head.rest.slice(0, head.restEnd));
  const isRefused = head.fault !== HeadFault.none;
  return {
    verb: head.verb,
    known: head.target !== undefined,
    path: head.path,
    contentType: head.contentType,
    contentTypeText: head.contentTypeText,
    timeoutUs: head.timeoutUs,
    previousAttempts: head.previousAttempts,
    waitForReady: head.waitForReady,
    fault: head.fault,
    // Of a request that is refused nothing goes anywhere.
    start: isRefused
      ? undefined
      : {
          authority: start.authority,
          encoding: start.encoding,
          acceptEncoding: start.acceptEncoding,
          subtype: start.subtype,
          metadata: start.metadata.map(({ name, value }) => [name, Buffer.from(value).toString("latin1")]),
        },
  };
}

/** What a request with these fields says. */
export function factsOfFields(fields: readonly Field[], paths: readonly string[]): Record<string, unknown> {
  const last = (wanted: string) => fields.findLast(([name]) => name === wanted)?.[1];
  const path = last(":path") ?? "";
  const carried = (wanted: string) => [last(wanted) ?? ""].find((value) => carriedValue.test(value)) ?? "";
  const metadata = fields.filter(([name, value]) => {
    return !dropped.test(name) && carriedName.test(name) && carriedValue.test(value);
  });
  const size = metadata.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  const isTooLarge = metadata.length > MAX_METADATA_ENTRIES || size > MAX_METADATA_BYTES;
  const timeouts = fields.filter(([name]) => name === "grpc-timeout").map(([, value]) => timeoutOf(value));
  const fault = isTooLarge ? HeadFault.metadataTooLarge : timeouts.includes(-1) ? HeadFault.timeout : HeadFault.none;
  const { contentType, subtype } = contentTypeOf(last("content-type"));
  const attempts = last("grpc-previous-rpc-attempts") ?? "";
  const wait = last("x-grpc-router-wait-for-ready");
  const method = last(":method");
  return {
    verb: method === "POST" ? Verb.post : method === "GET" ? Verb.get : Verb.other,
    known: paths.includes(path),
    path: paths.includes(path) ? "" : path.slice(0, 200).replace(/[^ -~]/g, "?"),
    contentType,
    contentTypeText: contentType === ContentType.grpcSubtype ? `application/grpc+${subtype}` : "",
    timeoutUs: timeouts.at(-1) ?? -1,
    previousAttempts: /^\d{1,3}$/.test(attempts) ? Number(attempts) : 0,
    waitForReady: wait === undefined ? WaitForReady.unset : wait === "true" ? WaitForReady.yes : WaitForReady.no,
    fault,
    start:
      fault !== HeadFault.none
        ? undefined
        : {
            authority: carried(":authority") || carried("host"),
            encoding: carried("grpc-encoding"),
            acceptEncoding: carried("grpc-accept-encoding"),
            subtype: contentType === ContentType.grpcSubtype ? subtype : "",
            metadata,
          },
  };
}

/** Microseconds of a grpc-timeout; -1 if it is none. */
export function timeoutOf(text: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  const unit = unitsUs[match?.[2] ?? ""];
  if (match === null || unit === undefined) return -1;
  return match[2] === "n" ? Math.ceil(Number(match[1]) / 1_000) : Number(match[1]) * unit;
}

/** `application/grpc`, then nothing, `+subtype`, or parameters; in any case. */
export function contentTypeOf(text: string | undefined): { contentType: ContentType; subtype: string } {
  const match = /^application\/grpc(?:\+([a-z0-9!#$&^_.+-]+))? *(;.*)?$/.exec((text ?? "").toLowerCase());
  if (text === undefined || match === null || text.length > 128) return { contentType: ContentType.other, subtype: "" };
  const [, subtype = "", parameters] = match;
  if (subtype === "") return { contentType: ContentType.grpc, subtype };
  if (subtype !== "proto") return { contentType: ContentType.grpcSubtype, subtype };
  return { contentType: parameters === undefined ? ContentType.grpcProto : ContentType.grpc, subtype: "" };
}
