// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { joinBytes, type RawFrame, rawData, rawHeaders, rawPing, rawReset } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { OrderSchema } from "../../faults/gen/faults/v1/faults_pb.ts";
import { createCallCounter } from "../processes/call-counter.ts";
import { createFrameCutter } from "./frame-cutter.ts";
import { holdOrder, instanceId, payloadField, watchOrder } from "./orders.ts";
import { streamSeries } from "./stream-series.ts";

describe("createFrameCutter()", () => {
  const stream = joinBytes(rawPing(), rawHeaders(1, Uint8Array.of(0x82), true), rawData(3, new Uint8Array(300)));

  test.each([1, 8, 9, 10, 1_000])("finds the frames in pieces of %i octets", (size) => {
    const frames: RawFrame[] = [];
    const cut = createFrameCutter(({ payload, ...frame }) => frames.push({ ...frame, payload: payload.slice() }));
    for (let at = 0; at < stream.length; at += size) cut(stream.subarray(at, at + size));
    expect(frames.map(({ type, flags, streamId, payload }) => [type, flags, streamId, payload.length])).toEqual([
      [6, 0, 0, 8],
      [1, 5, 1, 1],
      [0, 0, 3, 300],
    ]);
  });
});

test("streamSeries() numbers the frames of streams and leaves those of the connection", () => {
  const unit = (streamId: number) =>
    joinBytes(rawHeaders(streamId, Uint8Array.of(1, 2)), rawPing(), rawReset(streamId, 8));
  expect(streamSeries(unit(1), 3, 5)).toEqual(joinBytes(unit(5), unit(7), unit(9)));
});

describe("orders", () => {
  test.each([
    { name: "holdOrder", bytes: holdOrder, order: { holdOn: [instanceId] } },
    { name: "watchOrder()", bytes: watchOrder(65_536, 16_384), order: { reports: 65_536, reportBytes: 16_384 } },
    { name: "payloadField()", bytes: payloadField(5, 300), order: { payload: new Uint8Array(300) } },
  ])("$name is what protobuf reads", ({ bytes, order }) => {
    expect(fromBinary(OrderSchema, bytes)).toMatchObject(order);
  });
});

test("createCallCounter() counts what runs, and the most that did", () => {
  const counter = createCallCounter();
  for (const line of ["began a", "began b", "aborted a gone", "began c", "ended c"]) counter.note(line);
  expect(counter.counts()).toEqual({ began: 3, running: 1, mostRunning: 2, ended: 1, aborted: 1 });
  counter.reset();
  expect(counter.counts()).toEqual({ began: 0, running: 1, mostRunning: 1, ended: 0, aborted: 0 });
});
