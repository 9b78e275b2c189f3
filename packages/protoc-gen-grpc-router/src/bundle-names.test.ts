// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { runPlugin } from "./run-plugin.suite.js";

const head = (name: string) => `syntax = "proto3";\npackage ${name};\nmessage M {}\n`;

describe("checkBundleNames()", () => {
  test("refuses two services with one file, in one source or two", () => {
    const source = `${head("acme.v1")}service HTTPServer {}\nservice HttpServer {}\n`;
    expect(runPlugin({ "acme/v1/a.proto": source }).error).toBe(
      "acme/v1/a.proto:5:1: Cannot make a router for acme.v1.HttpServer: grpcrouter/channel/acme/v1/http_server.proto " +
        "belongs to acme.v1.HTTPServer (acme/v1/a.proto:4:1). Rename one of them, or leave one out with the parameter services",
    );
    const other = 'syntax = "proto3";\npackage acme.v1;\nservice http_server {}\n';
    expect(
      runPlugin({ "acme/v1/a.proto": `${head("acme.v1")}service HTTPServer {}\n`, "acme/v1/b.proto": other }).error,
    ).toMatch(
      /^acme\/v1\/b\.proto:3:1: .*http_server\.proto belongs to acme\.v1\.HTTPServer \(acme\/v1\/a\.proto:4:1\)/,
    );
  });

  test("refuses files that differ in capitals only, which some disks hold for one", () => {
    const sources = {
      "acme/V1/a.proto": `${head("acme.V1")}service S {}\n`,
      "acme/v1/b.proto": `${head("acme.v1")}service S {}\n`,
    };
    expect(runPlugin(sources).error).toMatch(
      /Cannot make a router for acme\.v1\.S: grpcrouter\/channel\/acme\/v1\/s\.proto belongs to acme\.V1\.S/,
    );
  });

  test("refuses two constants of one name in one module", () => {
    const source = `${head("acme.v1")}service A2B {}\nservice a_2B {}\n`;
    expect(runPlugin({ "acme/v1/a.proto": source }).error).toMatch(
      /^acme\/v1\/a\.proto:5:1: Cannot make a router for acme\.v1\.a_2B: a2BRouter of acme\/v1\/a_router belongs to acme\.v1\.A2B/,
    );
  });

  test("refuses a frame and a package of one name", () => {
    const sources = {
      "acme/a.proto": `${head("acme")}service x {}\n`,
      "acme/b.proto": `${head("acme.xCall.v1")}service y {}\n`,
    };
    expect(runPlugin(sources).error).toBe(
      "acme/a.proto:4:1: Cannot make a router for acme.x: grpcrouter.channel.acme.xCall belongs to acme.xCall.v1.y " +
        "(acme/b.proto:4:1). Rename one of them, or leave one out with the parameter services",
    );
  });

  test("takes the clash away where one of the two is left out", () => {
    const source = `${head("acme.v1")}service HTTPServer {}\nservice HttpServer {}\n`;
    expect(runPlugin({ "acme/v1/a.proto": source }, "services=acme.v1.HttpServer").error).toBe("");
  });
});
