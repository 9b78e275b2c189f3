// SPDX-License-Identifier: Apache-2.0
import { isFieldSet } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type MethodDescriptorProto,
  type ServiceDescriptorProto,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/** What a channel's file is made of; the printer knows no more of the language than this. */
const file = FileDescriptorProtoSchema.field;
const message = DescriptorProtoSchema.field;

/** Prints a channel's descriptor as .proto source. Compiling the text gives the descriptor again. */
export function printChannelProto(channel: FileDescriptorProto): string {
  const printer = new Printer(channel);
  printer.commented([file.syntax.number], `syntax = "${channel.syntax}";`);
  printer.line();
  printer.commented([file.package.number], `package ${channel.package};`);
  printer.line();
  for (const name of channel.dependency) printer.line(`import "${name}";`);
  for (const [i, service] of channel.service.entries()) printService(printer, [file.service.number, i], service);
  for (const [i, type] of channel.messageType.entries()) printMessage(printer, [file.messageType.number, i], type);
  return printer.text();
}

function printService(printer: Printer, path: number[], service: ServiceDescriptorProto): void {
  printer.line();
  printer.block(path, `service ${service.name} {`, () => {
    if (service.options?.deprecated === true) printer.line("option deprecated = true;");
    for (const [i, method] of service.method.entries()) {
      printer.commented([...path, ServiceDescriptorProtoSchema.field.method.number, i], formatMethod(method));
    }
  });
}

function printMessage(printer: Printer, path: number[], type: DescriptorProto): void {
  const printField = (field: FieldDescriptorProto, index: number) =>
    printer.commented([...path, message.field.number, index], formatField(field));
  printer.line();
  printer.block(path, `message ${type.name} {`, () => {
    for (const { start, end } of type.reservedRange) {
      printer.commented([...path, message.reservedRange.number], `reserved ${start} to ${end - 1};`);
    }
    for (const [i, field] of type.field.entries()) if (!isMember(field)) printField(field, i);
    for (const [index, oneof] of type.oneofDecl.entries()) {
      printer.block([...path, message.oneofDecl.number, index], `oneof ${oneof.name} {`, () => {
        for (const [i, field] of type.field.entries())
          if (isMember(field) && field.oneofIndex === index) printField(field, i);
      });
    }
  });
}

/** An index that is not set reads as 0, which is the first oneof's. */
function isMember(field: FieldDescriptorProto): boolean {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
}

/** The channel's own frames are named from inside their package, where nothing can hide them. */
function formatMethod({ name, inputType, outputType }: MethodDescriptorProto): string {
  const [input, output] = [inputType, outputType].map((type) => type.slice(type.lastIndexOf(".") + 1));
  return `rpc ${name}(stream ${input}) returns (stream ${output});`;
}

/** Types begin with a dot: plain `acme.` would be looked up inside `grpcrouter.channel.acme` first. */
function formatField({ name, number, typeName, options }: FieldDescriptorProto): string {
  return `${typeName} ${name} = ${number}${options?.deprecated === true ? " [deprecated = true]" : ""};`;
}

/** Collects lines; comments come from the descriptor's source info. */
class Printer {
  readonly #comments: ReadonlyMap<string, string>;
  readonly #lines: string[] = [];
  #indent = "";

  constructor({ sourceCodeInfo }: FileDescriptorProto) {
    const locations = sourceCodeInfo?.location ?? [];
    this.#comments = new Map(locations.map(({ path, leadingComments }) => [path.join(), leadingComments]));
  }

  line(text = ""): void {
    this.#lines.push(text === "" ? "" : this.#indent + text);
  }

  commented(path: readonly number[], text: string): void {
    const comment = this.#comments.get(path.join()) ?? "";
    for (const line of comment.split("\n").slice(0, -1)) this.line(`//${line}`);
    this.line(text);
  }

  block(path: readonly number[], head: string, body: () => void): void {
    const { length } = this.#indent;
    this.commented(path, head);
    this.#indent += "  ";
    body();
    this.#indent = this.#indent.slice(0, length);
    this.line("}");
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}
