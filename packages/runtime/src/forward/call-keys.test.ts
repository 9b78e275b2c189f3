// SPDX-License-Identifier: Apache-2.0
// Where a call's key comes from, and that it is there before the call is placed: calls with one key stay together.
import { gunzipSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { ServiceSettings } from "../registry/settings.js";
import { PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import { pathOf, testServiceRouter } from "../test-kit/test-service.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const desc = testServiceRouter();
const input = desc.service.method.get?.input;
if (input === undefined) throw new Error("Cannot test keys: the service must have Get");

/** A request whose key is `data`, of the test service's only field, with `padding` octets that nobody knows behind. */
function request(data: string | Uint8Array, padding = 0): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const message = toBinary(input as never, create(input as never, { data: bytes } as never));
  if (padding === 0) return message;
  const size = padding - 5;
  const unknown = [0x7a, (size & 127) | 128, ((size >> 7) & 127) | 128, (size >> 14) & 127, ...pattern(size)];
  return new Uint8Array([...message, ...unknown]);
}

const ring: ServiceSettings = { balance: "ring_hash" };

function scene(settings: ServiceSettings) {
  return new PolicyScene({ ...ring, ...settings }, { count: 5 });
}

/** The instance that each of these requests went to, three times over. */
function places(
  at: PolicyScene,
  requests: readonly Uint8Array[],
  metadata: (index: number) => [string, string][] = () => [],
) {
  return [0, 1, 2].map(() =>
    requests.map((message, index) => {
      const before = at.spread;
      at.client.unary(pathOf("Get"), message, { metadata: metadata(index) });
      at.router.run();
      return at.spread.findIndex((count, instance) => count > (before[instance] ?? 0));
    }),
  );
}

const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);

function expectTogether(rounds: number[][]): void {
  expect(rounds[1]).toEqual(rounds[0]);
  expect(rounds[2]).toEqual(rounds[0]);
  expect(new Set(rounds[0]).size).toBeGreaterThan(2);
}

describe("the key of a call", () => {
  test("is a field of its message", () => {
    expectTogether(
      places(
        scene({ routeKey: "data" }),
        names.map((name) => request(name)),
      ),
    );
  });

  test("is a field of its metadata", () => {
    const at = scene({ routeKeyMetadata: "x-user" });
    const same = names.map(() => request("same"));
    expectTogether(
      places(at, same, (index) => [
        ["other", "1"],
        ["x-user", names[index] ?? ""],
      ]),
    );
  });

  test("is what the program's own function says of the decoded message", () => {
    const seen: unknown[] = [];
    const routeKey = (message: { readonly data: Uint8Array }) => {
      seen.push(message.data.length);
      return message.data;
    };
    const at = scene({ methods: { get: { routeKey } } as never });
    expectTogether(
      places(
        at,
        names.map((name) => request(name)),
      ),
    );
    expect(seen).toHaveLength(60);
  });

  test("is the same by path, by function and by metadata", () => {
    const wanted = places(
      scene({ routeKey: "data" }),
      names.map((name) => request(name)),
    );
    const byFunction = scene({ methods: { get: { routeKey: ({ data }: { data: Uint8Array }) => data } } as never });
    expect(
      places(
        byFunction,
        names.map((name) => request(name)),
      ),
    ).toEqual(wanted);
    const byMetadata = scene({ routeKeyMetadata: "x-user" });
    expect(
      places(
        byMetadata,
        names.map(() => request("")),
        (index) => [["x-user", names[index] ?? ""]],
      ),
    ).toEqual(wanted);
  });

  test.each([20_000, 100_000, 300_000])("is found in a message of %i octets that comes in pieces", (size) => {
    const small = places(
      scene({ routeKey: "data" }),
      names.slice(0, 6).map((name) => request(name)),
    )[0];
    const large = places(
      scene({ routeKey: "data" }),
      names.slice(0, 6).map((name) => request(name, size)),
    )[0];
    expect(large).toEqual(small);
  });

  test("is found in the first message of a stream, which is not placed before", () => {
    const at = scene({ routeKey: "data" });
    const wanted = places(scene({ routeKey: "data" }), [request("user-1")])[0]?.[0] ?? -1;
    const call = at.client.start(pathOf("Collect"));
    at.router.run();
    expect(at.spread).toEqual([0, 0, 0, 0, 0]);
    call.send(request("user-1"));
    at.router.run();
    expect(at.spread[wanted]).toBe(1);
    call.send(request("user-2"), { halfClose: true });
    at.router.run();
    expect(starts(at.at(wanted))).toHaveLength(1);
  });

  test("is found in a message that is compressed, if the host can inflate", () => {
    const wanted = places(scene({ routeKey: "data" }), [request("user-7")])[0]?.[0] ?? -1;
    const inflate = (bytes: Uint8Array, maxBytes: number) => {
      const plain = gunzipSync(bytes);
      return plain.length > maxBytes ? undefined : new Uint8Array(plain);
    };
    const at = new PolicyScene({ ...ring, routeKey: "data" }, { count: 5, inflate });
    for (let round = 0; round < 3; round++) {
      const call = at.client.start(pathOf("Get"), { metadata: [["grpc-encoding", "gzip"]] });
      call.send(new Uint8Array(gzipSync(request("user-7"))), { compressed: true, halfClose: true });
      at.router.run();
    }
    expect(at.spread[wanted]).toBe(3);
  });

  test.each([
    ["an empty value", request("")],
    ["what is no message", new Uint8Array([0xff, 0xff, 0xff])],
    ["an empty message", new Uint8Array(0)],
  ])("is none in %s: the call goes anywhere", (_what, message) => {
    const at = scene({ routeKey: "data" });
    for (let call = 0; call < 40; call++) at.client.unary(pathOf("Get"), message);
    at.router.run();
    expect(at.spread.filter((count) => count > 0).length).toBeGreaterThan(2);
  });

  test("ends its call, and no other, when the program's function throws", () => {
    const routeKey = ({ data }: { data: Uint8Array }) => {
      if (data[0] === 0x62) throw new Error("no key for b");
      return data;
    };
    const at = scene({ methods: { get: { routeKey } } as never });
    const bad = at.client.unary(pathOf("Get"), request("bad"));
    const good = at.client.unary(pathOf("Get"), request("good"));
    at.router.run();
    expect(bad.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "POLICY_FAILED" } } });
    expect([good.status, at.spread.reduce((sum, count) => sum + count)]).toEqual([undefined, 1]);
    const entry = at.router.logger.entries.find(({ event }) => event === "policy_failed");
    expect(entry?.message).toContain("no key for b");
  });

  test.each([
    [{ routeKey: "name" }, 'routeKey: message acme.test.v1.Message has no field "name"'],
    [{ routeKey: () => "x" }, "routeKey must be a path here"],
    [{ routeKeyMetadata: "grpc-timeout" }, "routeKeyMetadata must be a name"],
  ])("cannot be %j", (settings, problem) => {
    expect(() => scene(settings as never)).toThrow(problem);
  });
});
