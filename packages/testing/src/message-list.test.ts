// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { createMessageList } from "./message-list.js";
import { joinBytes, rawMessage } from "./raw-http2/raw-frame.js";
import { createSeededRandom } from "./seeded-random.js";

it.each([1, 4, 5, 7, 1_000_000])("createMessageList() finds messages in pieces of %i bytes", (size) => {
  const random = createSeededRandom(1);
  const sent = [0, 1, 300, 0, 70_000].map((length) => random.randomBytes(size === 1 ? length % 1_000 : length));
  const wire = joinBytes(...sent.map((message, index) => rawMessage(message, index % 2)), [0, 0]);
  const list = createMessageList();
  for (let at = 0; at < wire.length; at += size) list.push(wire.subarray(at, at + size));
  expect(list.messages.map(({ bytes }) => bytes)).toEqual(sent);
  expect(list.messages.map(({ compressed }) => compressed)).toEqual([false, true, false, true, false]);
  expect(list.restBytes).toBe(2);
});
