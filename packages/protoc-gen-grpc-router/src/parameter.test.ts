// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { GeneratorError } from "./errors.js";
import { parseParameter } from "./parameter.js";

describe("parseParameter()", () => {
  test("emits everything for all services without a parameter", () => {
    const parameter = parseParameter("");
    expect([...parameter.emit]).toEqual(["proto", "es", "router", "bridge"]);
    expect(parameter).toMatchObject({ services: [], forEs: "", raw: "", elideVersion: false });
  });

  test("keeps its own keys from protoc-gen-es and hands on all others in their order", () => {
    const raw = "target=ts,emit=es+proto,json_types=true,services=a.*+b.S,pin=a.S.M:9,rewrite_imports=./x/**:y,new_key";
    const parameter = parseParameter(raw);
    expect([...parameter.emit]).toEqual(["es", "proto"]);
    expect(parameter.services.map(({ text }) => text)).toEqual(["a.*", "b.S"]);
    expect([...parameter.pins]).toEqual([["a.S.M", 9]]);
    expect(parameter.forEs).toBe("target=ts,json_types=true,rewrite_imports=./x/**:y,new_key");
    expect(parameter.raw).toBe(raw);
  });

  test.each([
    ["services=a.A,services=b.B", ["a.A", "b.B"]],
    ["services=**", ["**"]],
  ])("collects services of %s", (raw, services) => {
    expect(parseParameter(raw).services.map(({ text }) => text)).toEqual(services);
  });

  test.each(["elide_plugin_version=true", "target=ts,elide_plugin_version=1"])(
    "leaves the version out with %s",
    (raw) => {
      expect(parseParameter(raw).elideVersion).toBe(true);
    },
  );

  test("takes the same pin twice", () => {
    expect([...parseParameter("pin=a.S.M:9,pin=a.S.M:9").pins]).toEqual([["a.S.M", 9]]);
  });

  test("takes the standard keys although protoc-gen-es is left out", () => {
    expect(parseParameter("emit=router+bridge,target=ts,ts_nocheck=true,import_extension=js").forEs).toContain(
      "target=ts",
    );
  });

  test.each([
    [
      "emit=proto+go",
      'Cannot use parameter emit=proto+go: it must name some of proto, es, router, bridge, joined by +, received "go"',
    ],
    ["emit=", 'Cannot use parameter emit=: it must name some of proto, es, router, bridge, joined by +, received ""'],
    ["services=", 'Cannot use parameter services=: it must be a full name such as acme.user.v1.*, received ""'],
    [
      "services=a/b",
      'Cannot use parameter services=a/b: it must be a full name such as acme.user.v1.*, received "a/b"',
    ],
    ["pin=a.S.M", 'Cannot use parameter pin=a.S.M: it must be package.Service.Method:number, received "a.S.M"'],
    ["pin=M:9", 'Cannot use parameter pin=M:9: it must be package.Service.Method:number, received "M:9"'],
    ["pin=a.S.M:7", "Cannot use parameter pin=a.S.M:7: a number must be 8 to 18999 or 20000 to 536870911, received 7"],
    [
      "pin=a.S.M:19500",
      "Cannot use parameter pin=a.S.M:19500: a number must be 8 to 18999 or 20000 to 536870911, received 19500",
    ],
    ["pin=a.S.M:9,pin=a.S.M:10", "Cannot use parameter pin=a.S.M:10: a.S.M must have one number, received 9 and 10"],
    [
      "emit=proto+router,json_types=true,x=y",
      "Cannot use parameter json_types=true,x=y: it is one of protoc-gen-es, so emit must contain es, received emit=proto+router",
    ],
  ])("refuses %s", (raw, message) => {
    expect(() => parseParameter(raw)).toThrow(new GeneratorError("parameter", message));
  });
});
