// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { runPlugin, serviceSource } from "./run-plugin.suite.js";

/** Two names with one hash, 86136. */
const collision = "  rpc MoveSecret(M) returns (M);\n  rpc ImportSecret(M) returns (M);";

/** The numbers of the members of the call frame, by their names. */
function numbersOf(channel: string | undefined): Record<string, number> {
  const [call = ""] = (channel ?? "").split("message TestServiceReply");
  const members = [...call.matchAll(/\.acme\.v1\.M (\w+) = (\d+)/g)];
  return Object.fromEntries(members.map(([, name, number]) => [name, Number(number)]));
}

describe("assignChannelNumbers()", () => {
  test("numbers by name, whatever the order and whatever else there is", () => {
    const names = ["GetUser", "WatchUsers", "ImportUsers", "SyncUsers", "Ping"];
    const expected = { get_user: 173444, watch_users: 89608, import_users: 214892, sync_users: 176970, ping: 48873 };
    for (const order of [names, names.toReversed(), [...names, "Other"]]) {
      const { files } = runPlugin(serviceSource(order.map((name) => `  rpc ${name}(M) returns (M);`).join("\n")));
      expect(numbersOf(files["grpcrouter/channel/acme/v1/test_service.proto"])).toMatchObject(expected);
    }
  });

  test("takes the option before the pin before the name", () => {
    const source = serviceSource(`  rpc GetUser(M) returns (M) { option (grpcrouter.v1.method).channel_number = 8; }
  rpc Ping(M) returns (M);
  rpc Chat(M) returns (M);`);
    const pins = "pin=acme.v1.TestService.GetUser:10,pin=acme.v1.TestService.Ping:18999";
    const { files, warnings } = runPlugin(source, `emit=proto,${pins}`);
    expect(warnings).toEqual([]);
    expect(numbersOf(files["grpcrouter/channel/acme/v1/test_service.proto"])).toEqual({
      get_user: 8,
      ping: 18999,
      chat: 190827,
    });
  });

  test("refuses two names with one number and tells both places and the pin to write", () => {
    expect(runPlugin(serviceSource(collision)).error).toBe(
      "acme/v1/test.proto:6:3: Cannot number acme.v1.TestService/ImportSecret: 86136 is taken by MoveSecret " +
        "(acme/v1/test.proto:5:3). Write: option (grpcrouter.v1.method).channel_number = 8; " +
        "or the parameter pin=acme.v1.TestService.ImportSecret:8",
    );
  });

  test.each(["option", "parameter"])("takes the pin that it told, as an %s", (way) => {
    const source =
      way === "option"
        ? collision.replace(";\n", ";\n").replace(/;$/, " { option (grpcrouter.v1.method).channel_number = 8; }")
        : collision;
    const parameter = way === "option" ? "emit=proto" : "emit=proto,pin=acme.v1.TestService.ImportSecret:8";
    const { error, files } = runPlugin(serviceSource(source), parameter);
    expect(error).toBe("");
    expect(numbersOf(files["grpcrouter/channel/acme/v1/test_service.proto"])).toEqual({
      move_secret: 86136,
      import_secret: 8,
    });
  });

  test("blames the number that a person wrote, tells free pins only, and no pin twice", () => {
    const { error } = runPlugin(
      serviceSource(`  rpc A(M) returns (M) { option (grpcrouter.v1.method).channel_number = 48873; }
  rpc Ping(M) returns (M);
  rpc B(M) returns (M) { option (grpcrouter.v1.method).channel_number = 8; }
  rpc C(M) returns (M) { option (grpcrouter.v1.method).channel_number = 8; }
${collision}`),
    );
    expect(error.split("\n").map((line) => line.replace(/ Write: .*= /, " … "))).toEqual([
      "acme/v1/test.proto:5:26: Cannot number acme.v1.TestService/A: 48873 is taken by Ping (acme/v1/test.proto:6:3). … 9; or the parameter pin=acme.v1.TestService.A:9",
      "acme/v1/test.proto:8:26: Cannot number acme.v1.TestService/C: 8 is taken by B (acme/v1/test.proto:7:3). … 10; or the parameter pin=acme.v1.TestService.C:10",
      "acme/v1/test.proto:10:3: Cannot number acme.v1.TestService/ImportSecret: 86136 is taken by MoveSecret (acme/v1/test.proto:9:3). … 11; or the parameter pin=acme.v1.TestService.ImportSecret:11",
    ]);
  });
});
