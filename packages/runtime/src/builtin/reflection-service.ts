// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { StatusCode } from "@grpc-router/protocol";
import type { ServerReflectionRequest, ServerReflectionResponse } from "../gen/grpc/reflection/v1/reflection_pb.js";
import {
  ErrorResponseSchema,
  ExtensionNumberResponseSchema,
  FileDescriptorResponseSchema,
  ListServiceResponseSchema,
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionV1Alpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.js";
import type { DescriptorBook, DescriptorFile } from "./descriptor-book.js";
import type { LocalCall, LocalCallHandler, LocalService } from "./local-service.js";
import { decodeRequest } from "./single-request.js";

type Answer = ServerReflectionResponse["messageResponse"];

/** Server reflection grpc.reflection.v1, over everything in `book`. */
export function createReflectionService(book: DescriptorBook): LocalService {
  return reflectionService(ServerReflection, book);
}

/** Server reflection grpc.reflection.v1alpha: the same messages under an older name, for older tools. */
export function createReflectionV1AlphaService(book: DescriptorBook): LocalService {
  return reflectionService(ServerReflectionV1Alpha, book);
}

function reflectionService(desc: DescService, book: DescriptorBook): LocalService {
  return { desc, start: (_method, call) => startReflection(book, call) };
}

function startReflection(book: DescriptorBook, call: LocalCall): LocalCallHandler {
  /** Names of the files that this stream has had: imports are sent once. */
  const sent = new Set<string>();
  return {
    onMessage(message) {
      const request = decodeRequest(call, ServerReflectionRequestSchema, message);
      if (request === undefined) return;
      const response = create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(book, request, sent),
      });
      call.send(toBinary(ServerReflectionResponseSchema, response));
    },
    onHalfClose: () => call.end(StatusCode.ok, ""),
    onCancel: () => {},
    onTaken: () => {},
  };
}

function answer(
  book: DescriptorBook,
  { messageRequest: question }: ServerReflectionRequest,
  sent: Set<string>,
): Answer {
  switch (question.case) {
    case "fileByFilename":
      return filesAnswer(book, book.file(question.value), sent, `file ${question.value}`);
    case "fileContainingSymbol":
      return filesAnswer(book, book.fileOfSymbol(withoutDot(question.value)), sent, `symbol ${question.value}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const file = book.fileOfExtension(withoutDot(containingType), extensionNumber);
      return filesAnswer(book, file, sent, `extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType":
      return extensionNumbersAnswer(book, question.value);
    case "listServices":
      return listAnswer(book);
    default:
      return errorAnswer(StatusCode.invalidArgument, "the request must ask something");
  }
}

function filesAnswer(
  book: DescriptorBook,
  file: DescriptorFile | undefined,
  sent: Set<string>,
  subject: string,
): Answer {
  if (file === undefined) return errorAnswer(StatusCode.notFound, `${subject} is not known here`);
  const files: Uint8Array[] = [];
  // The file asked for comes again if it is asked for again; a caller that forgot it would else get nothing.
  sent.delete(file.name);
  addWithImports(book, file, sent, files);
  const value = create(FileDescriptorResponseSchema, { fileDescriptorProto: files });
  return { case: "fileDescriptorResponse", value };
}

function addWithImports(book: DescriptorBook, file: DescriptorFile, sent: Set<string>, files: Uint8Array[]): void {
  if (sent.has(file.name)) return;
  sent.add(file.name);
  files.push(file.bytes);
  for (const name of file.imports) {
    const imported = book.file(name);
    if (imported !== undefined) addWithImports(book, imported, sent, files);
  }
}

function extensionNumbersAnswer(book: DescriptorBook, type: string): Answer {
  const numbers = book.extensionNumbers(withoutDot(type));
  if (numbers === undefined) return errorAnswer(StatusCode.notFound, `message ${type} is not known here`);
  const value = create(ExtensionNumberResponseSchema, { baseTypeName: type, extensionNumber: [...numbers] });
  return { case: "allExtensionNumbersResponse", value };
}

function listAnswer(book: DescriptorBook): Answer {
  const value = create(ListServiceResponseSchema, { service: book.services.map((name) => ({ name })) });
  return { case: "listServicesResponse", value };
}

function errorAnswer(errorCode: number, errorMessage: string): Answer {
  return { case: "errorResponse", value: create(ErrorResponseSchema, { errorCode, errorMessage }) };
}

/** Some tools write full names with the leading dot that descriptors use. */
function withoutDot(name: string): string {
  return name.startsWith(".") ? name.slice(1) : name;
}
