// SPDX-License-Identifier: Apache-2.0
// An instance that is newer than this router (docs/channel.md section 8): what it says that is not known here is skipped.
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { HelloSchema, InstanceControlSchema, ReplyHeadSchema } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { kinds, type MethodName, numbers, pathOf, serviceName } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

/** Fields of every wire type that no message of ours has. */
function unknownFields(): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(101, WireType.Varint).uint32(7);
  writer.tag(102, WireType.Bit64).fixed64(7n);
  writer.tag(103, WireType.LengthDelimited).string("new");
  writer.tag(104, WireType.Bit32).fixed32(7);
  return writer.finish();
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function field(number: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(message).finish();
}

/** A frame with this control, and unknown fields at every level. */
function controlFrame(kindNumber: number, message: Uint8Array): Uint8Array {
  const control = concat(unknownFields(), field(kindNumber, concat(message, unknownFields())));
  const headNumber = ReplyHeadSchema.field.control.number;
  return field(1, concat(unknownFields(), field(headNumber, control)));
}

function helloOf(more: Parameters<typeof create<typeof HelloSchema>>[1]): Uint8Array {
  const names = Object.keys(numbers) as MethodName[];
  const methods = names.map((name) => ({ name, number: numbers[name], typed: true, kind: kinds[name] }));
  return toBinary(
    HelloSchema,
    create(HelloSchema, {
      revisionMin: 1,
      revisionMax: 4,
      features: ["resume", "batch", "something-new"],
      service: serviceName,
      instanceId: "newer",
      incarnation: 1n,
      ordinal: 1n,
      processKey: new Uint8Array(16).fill(1),
      methods,
      ...more,
    }),
  );
}

const kindNumber = (name: "hello" | "health") => InstanceControlSchema.field[name].number;

describe("an instance that is newer than the router", () => {
  test("is welcomed with the revision that both speak and the features that are known, and serves", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    instance.call.send(controlFrame(kindNumber("hello"), helloOf({})));
    router.run();
    expect(instance.welcome.revision).toBe(1);
    expect(instance.welcome.features).not.toContain("something-new");
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("q"));
    router.run();
    // A reply whose head and whose parts have fields that are new, and a field of the frame that is kept free.
    const end = field(3, unknownFields());
    const head = field(1, concat(new BinaryWriter().tag(1, WireType.Varint).uint32(1).finish(), end, unknownFields()));
    const free = field(5, bytes("a batch, one day"));
    instance.call.send(concat(free, head, field(numbers.Get, bytes("a"))));
    router.run();
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "a"]);
  });

  test("may state kinds, health and idempotency that nobody knows here", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    const methods = [{ name: "Get", number: 8, typed: true, kind: 1, idempotency: 9 as number }];
    const hello = helloOf({ methods: methods as never, health: { status: 9 as number } as never });
    instance.call.send(controlFrame(kindNumber("hello"), hello));
    router.run();
    instance.call.send(controlFrame(99, unknownFields()));
    instance.call.send(controlFrame(kindNumber("health"), Uint8Array.of(0x08, 9)));
    router.run();
    expect(instance.call.status).toBeUndefined();
    expect(router.core.instances()).toMatchObject([{ instanceId: "newer", state: "serving", methods: ["Get"] }]);
  });

  test("is refused when it has given up every revision that the router speaks", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    instance.call.send(controlFrame(kindNumber("hello"), helloOf({ revisionMin: 2 })));
    router.run();
    expect(instance.call.status).toMatchObject({
      code: 9,
      details: { errorInfo: { reason: "REVISION_UNSUPPORTED" } },
    });
  });
});
