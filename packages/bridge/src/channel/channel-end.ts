// SPDX-License-Identifier: Apache-2.0

import type { FieldList } from "@grpc-router/http2";
import {
  decodeBinaryValue,
  decodeStatusDetails,
  percentDecode,
  StatusCode,
  statusName,
  statusOfHttp,
} from "@grpc-router/protocol";
import { MAX_LOGGED_TEXT } from "../limits.js";

/** How a Register stream came to its end. */
export interface ChannelEnd {
  /** gRPC status code. */
  readonly code: number;
  /** Reason of docs/channel.md section 8; empty if there is none. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** Milliseconds that the router asked to wait. */
  readonly retryAfterMs: number;
  /** The router did not answer: the whole connection may be dead. */
  readonly isSilence?: true;
}

/** An orderly end. */
export const CHANNEL_DONE: ChannelEnd = { code: StatusCode.ok, reason: "", message: "", retryAfterMs: 0 };

/** The end of a channel that no status came for. */
export function channelLost(message: string, reason = ""): ChannelEnd {
  return { code: StatusCode.unavailable, reason, message, retryAfterMs: 0 };
}

/** The end of a channel on which the router did not answer. */
export function channelSilent(message: string, reason = ""): ChannelEnd {
  return { ...channelLost(message, reason), isSilence: true };
}

/** Whether another attempt will hardly fare better: credentials, permissions, an invalid hello. */
export function isPermanent(end: ChannelEnd): boolean {
  switch (end.code) {
    case StatusCode.unauthenticated:
    case StatusCode.permissionDenied:
    case StatusCode.invalidArgument:
    case StatusCode.failedPrecondition:
      return true;
    default:
      return false;
  }
}

/** The gRPC status in `fields`: trailers, or the one head of a Trailers-Only answer. */
export function readChannelEnd(fields: FieldList): ChannelEnd {
  const status = textOf(fields, "grpc-status");
  if (status === undefined) return withoutStatus(textOf(fields, ":status"), textOf(fields, "content-type"));
  const code = /^\d{1,3}$/.test(status) ? Number(status) : StatusCode.unknown;
  const details = readDetails(textOf(fields, "grpc-status-details-bin"));
  const text = percentDecode(textOf(fields, "grpc-message") ?? "").slice(0, MAX_LOGGED_TEXT);
  return {
    code,
    reason: details?.errorInfo?.reason ?? "",
    message: text === "" ? statusName(code) : text,
    retryAfterMs: details?.retryAfterMs ?? 0,
  };
}

/** Why a response head is not that of a Register stream; undefined if it is. */
export function judgeResponse(fields: FieldList): ChannelEnd | undefined {
  const status = textOf(fields, ":status");
  const type = textOf(fields, "content-type") ?? "";
  return status === "200" && type.startsWith("application/grpc") ? undefined : withoutStatus(status, type);
}

function withoutStatus(status: string | undefined, type = ""): ChannelEnd {
  const received =
    status === undefined ? "none" : `HTTP status ${status}${type === "" ? "" : ` with content-type ${type}`}`;
  return {
    code: status === undefined ? StatusCode.unknown : statusOfHttp(Number(status)),
    reason: "",
    message: `the peer must answer with a gRPC status, received ${received}. Is this the address of a router?`,
    retryAfterMs: 0,
  };
}

function readDetails(value: string | undefined) {
  if (value === undefined) return undefined;
  const bytes = decodeBinaryValue(value);
  return bytes && decodeStatusDetails(bytes);
}

function textOf(fields: FieldList, name: string): string | undefined {
  return fields.find(([key]) => key === name)?.[1];
}
