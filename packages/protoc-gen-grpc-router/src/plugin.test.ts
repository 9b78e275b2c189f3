// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponse_Feature as Feature,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { GeneratorError } from "./errors.js";
import { createPlugin } from "./plugin.js";
import { compileSources, createRequest, type Run, runPlugin, runRequest, serviceSource } from "./run-plugin.suite.js";

const source = serviceSource("  rpc Ping(M) returns (M);");
const channel = "grpcrouter/channel/acme/v1/test_service";

describe("createPlugin()", () => {
  test("writes four files for a service, channel first", () => {
    const { files, error, warnings } = runPlugin(source);
    expect(Object.keys(files)).toEqual([
      `${channel}.proto`,
      `${channel}_pb.ts`,
      "acme/v1/test_router.ts",
      "acme/v1/test_bridge.ts",
    ]);
    expect({ error, warnings }).toEqual({ error: "", warnings: [] });
  });

  test.each([
    ["proto", [`${channel}.proto`]],
    ["es", [`${channel}_pb.ts`]],
    ["router", ["acme/v1/test_router.ts"]],
    ["bridge", ["acme/v1/test_bridge.ts"]],
    ["router+bridge", ["acme/v1/test_router.ts", "acme/v1/test_bridge.ts"]],
  ])("writes only what emit=%s names", (emit, names) => {
    expect(Object.keys(runPlugin(source, `emit=${emit},target=ts`).files)).toEqual(names);
  });

  test("says what it supports, with files and with errors", () => {
    for (const text of [
      source,
      serviceSource('  rpc Ping(M) returns (M) { option (grpcrouter.v1.method).route_key = "x"; }'),
    ]) {
      const response = createPlugin().run(createRequest(text, "emit=proto"));
      expect(response.supportedFeatures).toBe(BigInt(Feature.PROTO3_OPTIONAL | Feature.SUPPORTS_EDITIONS));
      expect(response.minimumEdition).toBeLessThanOrEqual(998);
      expect(response.maximumEdition).toBeGreaterThanOrEqual(1001);
    }
  });

  test("writes nothing for files without services", () => {
    expect(runPlugin({ "m.proto": 'syntax = "proto3"; message M {}' })).toEqual({ files: {}, error: "", warnings: [] });
    const kept = runPlugin({ "m.proto": 'syntax = "proto3"; message M {}' }, "target=ts,keep_empty_files=true");
    expect(Object.keys(kept.files)).toEqual(["m_router.ts", "m_bridge.ts"]);
  });

  test("tells the mistakes of all files at once, in their order", () => {
    const bad = (name: string, key: string) => `syntax = "proto3";
package acme.${name};
import "grpcrouter/v1/options.proto";
message M {}
service S {
  rpc A(M) returns (M) { option (grpcrouter.v1.method).route_key = "${key}"; }
}
`;
    const { error, files } = runPlugin({ "acme/b/b.proto": bad("b", "y"), "acme/a/a.proto": bad("a", "x") });
    expect(files).toEqual({});
    expect(error.split("\n")).toEqual([
      'acme/a/a.proto:6:26: Cannot use route_key "x" of acme.a.S/A: message acme.a.M has no field "x" (it has none)',
      'acme/b/b.proto:6:26: Cannot use route_key "y" of acme.b.S/A: message acme.b.M has no field "y" (it has none)',
    ]);
  });

  test("names the file where the request carries no positions", () => {
    const request = createRequest(
      serviceSource('  rpc A(M) returns (M) { option (grpcrouter.v1.method).route_key = "x"; }'),
      "",
    );
    for (const file of request.protoFile) delete file.sourceCodeInfo;
    expect(runRequest(request).error).toMatch(/^acme\/v1\/test\.proto: Cannot use route_key/);
  });

  test("reads options that only the source keeps", () => {
    const request = createRequest(source, "target=ts");
    const { file } = compileSources(
      serviceSource("  rpc Ping(M) returns (M) { option (grpcrouter.v1.method).timeout.seconds = 3; }"),
    );
    request.sourceFileDescriptors = file.filter(({ name }) => name === "acme/v1/test.proto");
    expect(runRequest(request).files["acme/v1/test_router.ts"]).toContain("ping: { number: 48873, timeoutMs: 3000 },");
  });

  test.each([
    ["target=go", `Cannot generate ${channel}_pb.js: invalid option "target=go"`],
    ["target=ts,colour=red", `Cannot generate ${channel}_pb.ts: invalid option "colour=red"`],
    [
      "target=dts,json_types=perhaps",
      `Cannot generate ${channel}_pb.d.ts: invalid option "json_types=perhaps": please provide true or false`,
    ],
    ["emit=router,target=go", 'invalid option "target=go"'],
    [
      "emit=router,json_types=true",
      "Cannot use parameter json_types=true: it is one of protoc-gen-es, so emit must contain es, received emit=router",
    ],
  ])("answers %s with an error", (parameter, error) => {
    expect(runPlugin(source, parameter)).toMatchObject({ files: {}, error });
  });

  test("passes on what protoc-gen-es answers with", () => {
    const request = createRequest(source, "target=ts");
    const broken = { loadEs: () => () => ({ file: [], error: "no such thing" }) };
    expect(runRequest(request, broken).error).toBe(`Cannot generate ${channel}_pb.ts: no such thing`);
    const missing = {
      loadEs: () => {
        throw new GeneratorError("protoc-gen-es", "it must be there");
      },
    };
    expect(runRequest(request, missing).error).toBe(`Cannot generate ${channel}_pb.ts: it must be there`);
  });

  test("throws what is a bug", () => {
    const request = create(CodeGeneratorRequestSchema, { protoFile: [{ name: "a.proto", dependency: ["b.proto"] }] });
    expect(() => createPlugin().run(request)).toThrow();
  });
});

describe("warnings", () => {
  test("name patterns and pins that fit nothing, once the rest is done", () => {
    const { warnings, files } = runPlugin(
      source,
      "emit=proto,services=acme.v1.*+acme.v2.*,pin=acme.v1.TestService.Pong:8",
    );
    expect(Object.keys(files)).toHaveLength(1);
    expect(warnings).toEqual([
      "services=acme.v2.* fits no service of this run",
      "pin=acme.v1.TestService.Pong:8 fits no method of this run",
    ]);
  });
});

describe("in two passes", () => {
  let given: readonly FileDescriptorProto[];

  /** What buf sends in the second pass: the channel files are input like any other. */
  function secondPass(parameter: string, files: readonly FileDescriptorProto[]): Run {
    const fileToGenerate = ["acme/v1/test.proto", `${channel}.proto`];
    return runRequest(create(CodeGeneratorRequestSchema, { fileToGenerate, parameter, protoFile: [...files] }));
  }

  beforeAll(() => {
    const first = runPlugin(source, "emit=proto").files;
    given = compileSources({ ...source, ...first }).file;
  });

  test("gives the same modules as one pass", () => {
    const { "acme/v1/test_router.ts": router, "acme/v1/test_bridge.ts": bridge } = runPlugin(source, "target=ts").files;
    const second = secondPass("emit=router+bridge,target=ts", given);
    expect(second.error).toBe("");
    const withoutEmit = (text: string | undefined) => text?.replace("emit=router+bridge,", "");
    expect(withoutEmit(second.files["acme/v1/test_router.ts"])).toBe(router);
    expect(withoutEmit(second.files["acme/v1/test_bridge.ts"])).toBe(bridge);
    expect(Object.keys(second.files)).toHaveLength(2);
  });

  test("lets the user's import rules place the channels' code, which one pass does not", () => {
    const rule = "rewrite_imports=./**/*_pb.js:../es";
    const second = secondPass(`emit=router,target=ts,${rule}`, given).files["acme/v1/test_router.ts"];
    expect(second).toContain(`from "../../../es/${channel}_pb"`);
    const one = runPlugin(source, `target=ts,${rule}`).files["acme/v1/test_router.ts"];
    expect(one).toContain(`from "../../${channel}_pb"`);
    expect(one).toContain('from "../../../es/acme/v1/test_pb"');
  });

  test("refuses a channel of an older first pass", () => {
    const stale = compileSources({ ...serviceSource("  rpc Ping(M) returns (M);\n  rpc Pong(M) returns (M);") }).file;
    const files = [
      ...stale,
      ...given.filter(({ name }) => name === `${channel}.proto` || name === "grpcrouter/v1/channel.proto"),
    ];
    const { error } = secondPass("emit=router+bridge,target=ts", files);
    expect(error).toBe(
      `${channel}.proto: Cannot use this file: it must be what emit=proto writes now\nRun the pass with emit=proto again`,
    );
  });
});
