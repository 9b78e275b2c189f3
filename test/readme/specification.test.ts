// SPDX-License-Identifier: Apache-2.0
// What docs/channel.md writes down is what the code has: the schema, the numbers, the reasons and their codes.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { methodNumber, reasons, statusName } from "@grpc-router/protocol";
import { expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { markedBlock } from "./markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${root}docs/channel.md`, "utf8");
const shipped = readFileSync(`${root}packages/protocol/proto/grpcrouter/v1/channel.proto`, "utf8");

test("section 1 is channel.proto, field for field", async () => {
  const [written, real] = await Promise.all([describeFile(markedBlock(text, "channel.proto")), describeFile(shipped)]);
  expect(real.messageType.length).toBeGreaterThan(20);
  expect(written).toEqual(real);
});

test("section 2 gives the numbers that the generator gives", () => {
  const members = Array.from(markedBlock(text, "user_service.proto").matchAll(/ (\w+) = (\d+); \/\/ \w+/g));
  const numbers = members.map(([, name = "", number = ""]) => [name, Number(number)]);
  expect(numbers.length).toBe(4);
  expect(numbers).toEqual(members.map(([, name = ""]) => [name, methodNumber(pascalCase(name))]));
});

test("section 8 lists every reason with its code", () => {
  const lists = Array.from(
    text.matchAll(/^- (?:call|registration|orderly end|fault): (`.+)$/gm),
    ([, list = ""]) => list,
  );
  expect(lists.length).toBe(4);
  const written = lists
    .flatMap((list) => list.split("; "))
    .flatMap((part) => {
      const code = / ([A-Z_]+)$/.exec(part)?.[1];
      return Array.from(part.matchAll(/`([A-Z_]+)`/g), ([, reason = ""]) => [reason, code]);
    });
  const real = Object.entries(reasons).map(([reason, { code }]) => [reason, statusName(code)]);
  expect(written.sort()).toEqual(real.sort());
});

test("section 9 names tests that exist", () => {
  const [, section = ""] = text.split("\n## 9. Proof\n");
  const rows = section
    .split("\n")
    .map((line) => Array.from(line.matchAll(/`([\w./-]+\.test\.ts)`/g), ([, name = ""]) => name));
  const files = rows.flatMap((names) => {
    // A bare name stands in the folder of the one before it.
    let folder = "";
    return names.map((name) => {
      if (!name.includes("/")) return join(folder, name);
      folder = dirname(/^(packages|test)\//.test(name) ? name : join("packages", name));
      return join(folder, basename(name));
    });
  });
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("reasons in the README are reasons", () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const words = Array.from(readme.matchAll(/`([A-Z]+_[A-Z_]+)`/g), ([, word = ""]) => word);
  expect(words.length).toBeGreaterThan(3);
  expect(words.filter((word) => !Object.hasOwn(reasons, word))).toEqual([]);
});

/** The descriptor that buf makes of channel.proto with this text, without comments. */
async function describeFile(proto: string): Promise<FileDescriptorProto> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-specification-"));
  const file = join(folder, "grpcrouter/v1/channel.proto");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, proto);
  writeFileSync(join(folder, "buf.yaml"), "version: v2\n");
  const output = join(folder, "schema.binpb");
  const buf = join(root, "node_modules/.bin/buf");
  const { code, stderr } = await runProcess(buf, ["build", "-o", output, "--exclude-source-info"], { cwd: folder });
  expect(code, stderr).toBe(0);
  const [descriptor] = fromBinary(FileDescriptorSetSchema, readFileSync(output)).file;
  rmSync(folder, { recursive: true });
  if (descriptor === undefined) throw new Error("buf must give one file, it gave none");
  // Without what buf adds beside the schema.
  const { $unknown: _, ...fields } = descriptor;
  return fromBinary(
    FileDescriptorProtoSchema,
    toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, fields)),
  );
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
