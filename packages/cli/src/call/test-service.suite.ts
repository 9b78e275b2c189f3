// SPDX-License-Identifier: Apache-2.0

import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, createFileRegistry, type DescService, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ServerReflection, ServerReflectionAlpha } from "@grpc-router/runtime";

/** `test.v1.Note{text, count}`, in a file of its own so that the service's file has an import. */
const noteFile = create(FileDescriptorProtoSchema, {
  name: "test/v1/note.proto",
  package: "test.v1",
  syntax: "proto3",
  messageType: [
    {
      name: "Note",
      field: [field("text", 1, FieldDescriptorProto_Type.STRING), field("count", 2, FieldDescriptorProto_Type.UINT32)],
    },
  ],
});

/** `test.v1.NoteService` with one method of each kind. */
const serviceFile = create(FileDescriptorProtoSchema, {
  name: "test/v1/note_service.proto",
  package: "test.v1",
  syntax: "proto3",
  dependency: ["test/v1/note.proto"],
  service: [
    {
      name: "NoteService",
      method: [
        { name: "Get", inputType: ".test.v1.Note", outputType: ".test.v1.Note" },
        { name: "Watch", inputType: ".test.v1.Note", outputType: ".test.v1.Note", serverStreaming: true },
        { name: "Count", inputType: ".test.v1.Note", outputType: ".test.v1.Note", clientStreaming: true },
        {
          name: "Chat",
          inputType: ".test.v1.Note",
          outputType: ".test.v1.Note",
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
});

const files: readonly FileDescriptorProto[] = [noteFile, serviceFile];

/** The descriptor set of both files, as `buf build` writes it. */
export const testSchemaBytes: Uint8Array = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, { file: [...files] }),
);

export const testRegistry: FileRegistry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));

function field(name: string, number: number, type: FieldDescriptorProto_Type) {
  return { name, jsonName: name, number, type, label: FieldDescriptorProto_Label.OPTIONAL };
}

interface Note {
  readonly text: string;
  readonly count: number;
}

/** Which reflection the test server has: all files at once, only the one asked for, the old version, or none. */
export type TestReflection = "all" | "single" | "alpha" | "none";

/** A plain gRPC server (connect-node) with NoteService and reflection; with `tls`, PEM texts, over TLS. */
export async function startTestServer(
  reflection: TestReflection = "all",
  tls?: { readonly cert: string; readonly key: string },
): Promise<{ url: string; address: string; close(): void }> {
  const handler = connectNodeAdapter({
    routes: (router) => {
      addNoteService(router);
      if (reflection === "alpha")
        router.service(ServerReflectionAlpha, { serverReflectionInfo: (questions) => answer(questions, true) });
      else if (reflection !== "none") {
        router.service(ServerReflection, {
          serverReflectionInfo: (questions) => answer(questions, reflection === "all"),
        });
      }
    },
  });
  const server = tls === undefined ? createServer(handler) : createSecureServer(tls, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${tls === undefined ? "http" : "https"}://${address}`, address, close: () => void server.close() };
}

/** The service's implementation; it has no types of its own here, its messages are notes. */
export const noteServiceImpl = {
  get: (note: Note, context: { requestHeader: Headers; responseHeader: Headers; responseTrailer: Headers }) => {
    if (note.text === "fail") throw new ConnectError("no such note", Code.NotFound);
    context.responseHeader.set("x-seen", context.requestHeader.get("x-tenant") ?? "none");
    context.responseTrailer.set("x-last", "trailer");
    return { text: `got ${note.text}`, count: note.count };
  },
  async *watch(note: Note) {
    for (let count = 1; count <= note.count; count++) yield { text: note.text, count };
  },
  count: async (notes: AsyncIterable<Note>) => {
    const texts: string[] = [];
    for await (const note of notes) texts.push(note.text);
    return { text: texts.join("+"), count: texts.length };
  },
  async *chat(notes: AsyncIterable<Note>) {
    for await (const note of notes) yield { text: note.text.toUpperCase() };
  },
} as never;

function addNoteService(router: ConnectRouter): void {
  router.service(testRegistry.getService("test.v1.NoteService") as DescService, noteServiceImpl); // defined above
}

async function* answer(
  questions: AsyncIterable<{
    readonly messageRequest: { readonly case?: string | undefined; readonly value?: unknown };
  }>,
  withImports: boolean,
) {
  for await (const { messageRequest: question } of questions) {
    if (question.case === "listServices") {
      yield {
        messageResponse: {
          case: "listServicesResponse" as const,
          value: { service: [{ name: "test.v1.NoteService" }] },
        },
      };
      continue;
    }
    const found =
      question.value === "test.v1.NoteService" ? serviceFile : files.find(({ name }) => name === question.value);
    if (found === undefined) {
      yield { messageResponse: { case: "errorResponse" as const, value: { errorCode: 5, errorMessage: "not found" } } };
      continue;
    }
    const sent = withImports ? [...files] : [found];
    const fileDescriptorProto = sent.map((file) => toBinary(FileDescriptorProtoSchema, file));
    yield { messageResponse: { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } } };
  }
}
