// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { runPlugin, type Sources, serviceSource } from "./run-plugin.suite.js";

const twoServices: Sources = {
  "acme/v1/a.proto": 'syntax = "proto3"; package acme.v1; message M {} service A { rpc Do(M) returns (M); }',
  "acme/v1/admin/b.proto":
    'syntax = "proto3"; package acme.v1.admin; import "acme/v1/a.proto"; service B { rpc Do(M) returns (M); }',
  "none.proto": 'syntax = "proto3"; message N {}',
};

describe("createServiceModels()", () => {
  test.each([
    ["", ["acme/v1/a.proto", "acme/v1/admin/b.proto"]],
    ["services=**", ["acme/v1/a.proto", "acme/v1/admin/b.proto"]],
    ["services=acme.v1.*", ["acme/v1/a.proto"]],
    ["services=acme.v1.A+acme.v1.admin.B", ["acme/v1/a.proto", "acme/v1/admin/b.proto"]],
    ["services=acme.v2.**", []],
  ])("makes routers for %j", (services, files) => {
    const { files: generated } = runPlugin(twoServices, `emit=proto,${services}`);
    expect(Object.keys(generated)).toEqual(files.map((name) => `grpcrouter/channel/${name}`));
  });

  test("takes nothing of its own packages as input", () => {
    const source = 'syntax = "proto3"; package grpcrouter.v9; message M {} service S { rpc Do(M) returns (M); }';
    expect(runPlugin({ "grpcrouter/v9/s.proto": source })).toEqual({ files: {}, error: "", warnings: [] });
    const near = source.replace("grpcrouter.v9", "grpcrouters.v9");
    expect(Object.keys(runPlugin({ "grpcrouters/v9/s.proto": near }).files)).toHaveLength(4);
  });

  test("refuses two methods with one name in TypeScript, and the one name that no object can have", () => {
    const body = "  rpc GetUser(M) returns (M);\n  rpc getUser(M) returns (M);\n  rpc __proto__(M) returns (M);";
    expect(
      runPlugin(serviceSource(body))
        .error.split("\n")
        .filter((line) => line.includes("TypeScript")),
    ).toEqual([
      "acme/v1/test.proto:6:3: Cannot route acme.v1.TestService/getUser: its name in TypeScript, getUser, is taken by GetUser. Rename it",
      "acme/v1/test.proto:7:3: Cannot route acme.v1.TestService/__proto__: its name in TypeScript, __proto__, is taken by JavaScript itself. Rename it",
    ]);
  });

  test("refuses more methods than a hello can list", () => {
    const body = Array.from({ length: 1025 }, (_, i) => `  rpc M${i}(M) returns (M);`).join("\n");
    expect(runPlugin(serviceSource(body), "emit=proto").error).toContain(
      "acme/v1/test.proto:4:1: Cannot route acme.v1.TestService: a service must have at most 1024 methods, it has 1025",
    );
  });
});
