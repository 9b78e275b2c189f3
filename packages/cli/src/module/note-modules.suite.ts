// SPDX-License-Identifier: Apache-2.0
// What the generator would write for NoteService, and a module as users have it: loaded by path in the tests.

import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createBridge } from "@grpc-router/node";
import { bridgeDesc, routerDesc } from "@grpc-router/protocol/codegenv1";
import { noteServiceImpl, testRegistry } from "../call/test-service.suite.js";

const channelFile = create(FileDescriptorProtoSchema, {
  name: "grpcrouter/channel/test/v1/note_service.proto",
  package: "grpcrouter.channel.test.v1",
  syntax: "proto3",
  // No frames: all messages travel as fragments.
  service: [{ name: "NoteServiceChannel" }],
});

const service = serviceOf(testRegistry.getService("test.v1.NoteService"));
const channel = serviceOf(
  createFileRegistry(channelFile, () => undefined).getService("grpcrouter.channel.test.v1.NoteServiceChannel"),
);

export const noteServiceRouter = routerDesc(service, channel, {
  get: { number: 8 },
  watch: { number: 9 },
  count: { number: 10 },
  chat: { number: 11 },
});

export const noteServiceBridge = bridgeDesc(service, channel, { get: 8, watch: 9, count: 10, chat: 11 });

export const bridge = createBridge({ id: "notes-from-code", labels: { zone: "here" } }).service(
  noteServiceBridge,
  noteServiceImpl,
);

function serviceOf(desc: DescService | undefined): DescService {
  if (desc === undefined) throw new Error("the test's service is missing");
  return desc;
}
