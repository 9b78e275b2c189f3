// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { runPlugin, serviceSource } from "./run-plugin.suite.js";

function memberNames(...methods: readonly string[]): { names: string[]; error: string } {
  const body = methods.map((name) => `  rpc ${name}(M) returns (M);`).join("\n");
  const { files, error } = runPlugin(serviceSource(body), "emit=proto");
  const [call = ""] = (files["grpcrouter/channel/acme/v1/test_service.proto"] ?? "").split("message TestServiceReply");
  return { names: [...call.matchAll(/\.acme\.v1\.M (\w+) = /g)].map(([, name]) => name ?? ""), error };
}

describe("assignMemberNames()", () => {
  test.each([
    [
      ["GetURL", "GetUrl", "GetUser"],
      ["get_url_119152", "get_url_206448", "get_user"],
    ],
    [
      ["get_2FA", "Get2FA"],
      ["get_2_fa_86091", "get2_fa_133454"],
    ],
    [
      ["Head", "Fragment", "Request", "Response"],
      ["head_223651", "fragment_179197", "request_247186", "response_67838"],
    ],
    [
      ["Message", "Oneof", "Option", "Rpc"],
      ["message", "oneof", "option", "rpc"],
    ],
    [
      ["Constructor", "ToString"],
      ["constructor", "to_string"],
    ],
  ])("names the members of %j", (methods, expected) => {
    const { names, error } = memberNames(...methods);
    expect(error).toBe("");
    expect(names).toEqual(expected);
  });

  test("refuses a name that stays taken", () => {
    expect(memberNames("GetURL", "GetUrl", "GetUrl119152").error.split("\n")).toEqual([
      "acme/v1/test.proto:5:3: Cannot name acme.v1.TestService/GetURL: its member get_url_119152 must have a name of its own, and another method's is like it. Rename one of them",
      "acme/v1/test.proto:7:3: Cannot name acme.v1.TestService/GetUrl119152: its member get_url119152 must have a name of its own, and another method's is like it. Rename one of them",
    ]);
  });
});
