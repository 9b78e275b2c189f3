// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "./call-record.js";

/** Gives `rival`, an attempt that races with `call`, a copy of its request, which is whole and kept. */
export function copyRequest(call: CallRecord, rival: CallRecord): void {
  call.saveHead();
  rival.openedMs = call.openedMs;
  rival.client = call.client;
  rival.log.client = call.client;
  rival.following = call.following?.fork();
  rival.contentType = call.contentType;
  rival.contentTypeText = call.contentTypeText;
  rival.rest = call.rest;
  rival.restEnd = call.restEnd;
  rival.restIsBorrowed = true;
  rival.saveHead();
  rival.log.append(call.log.bytes, 0, call.log.end);
  rival.log.returnAll();
  rival.requestEnded = true;
}
