// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { Health_Status, Method_Idempotency, Method_Kind } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import { isBridgeError } from "../bridge-error.js";
import type { BridgePorts } from "../ports.js";
import { opened, registered } from "../testing/bridge-bed.suite.js";
import { echoBridge } from "../testing/echo-service.suite.js";
import { createInstanceId } from "./hello.js";

const code = {
  say: () => ({}),
  async *list() {
    yield {};
  },
  join: async () => ({}),
  async *chat() {
    yield {};
  },
  blob: () => ({}),
};

describe("createHello()", () => {
  it("says everything that the channel asks for", async () => {
    const { channel } = await registered(code, {
      id: "users-1",
      labels: { zone: "eu-1" },
      weight: 50,
      capacity: 10,
      agent: "mine/1",
      maxMessageBytes: 1_000,
      ports: { sha256: (bytes) => createHash("sha256").update(bytes).digest() },
    });
    const { UNARY, SERVER_STREAMING, CLIENT_STREAMING, BIDI_STREAMING } = Method_Kind;
    const { UNSPECIFIED, NO_SIDE_EFFECTS, IDEMPOTENT } = Method_Idempotency;
    expect(channel.hello).toMatchObject({
      revisionMin: 1,
      revisionMax: 1,
      features: ["demand"],
      service: "test.v1.EchoService",
      instanceId: "users-1",
      incarnation: 7n,
      traits: { labels: { zone: "eu-1" }, weight: 50 },
      capacity: { calls: 10 },
      initialCredit: 81_920,
      maxMessageBytes: 1_000,
      previous: [],
      agent: "mine/1",
      ordinal: 1n,
      methods: [
        { name: "Say", number: 20_001, typed: true, kind: UNARY, idempotency: NO_SIDE_EFFECTS },
        { name: "List", number: 20_002, typed: true, kind: SERVER_STREAMING, idempotency: IDEMPOTENT },
        { name: "Join", number: 20_003, typed: true, kind: CLIENT_STREAMING, idempotency: UNSPECIFIED },
        { name: "Chat", number: 8, typed: true, kind: BIDI_STREAMING, idempotency: UNSPECIFIED },
        { name: "Blob", number: 20_005, typed: false, kind: UNARY, idempotency: UNSPECIFIED },
      ],
    });
    expect(channel.hello.processKey).toHaveLength(16);
    expect(channel.hello.schemaDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(channel.hello.health).toMatchObject({ status: Health_Status.SERVING, note: "" });
  });

  it("takes what is said anew where the bridge is opened", async () => {
    const bridge = createBridge({ id: "one", capacity: 1, weight: 5 }).service(echoBridge, code);
    const opening = { open: (ports: BridgePorts) => bridge.open(ports, { id: "two", capacity: 2, labels: undefined }) };
    const { channel } = await opened({ ...bridge, ...opening });
    expect(channel.hello).toMatchObject({ instanceId: "two", capacity: { calls: 2 }, traits: { weight: 5 } });
    const other = await opened(bridge);
    expect(other.channel.hello).toMatchObject({ instanceId: "one", capacity: { calls: 1 }, ordinal: 2n });
    expect(other.channel.hello.processKey).toEqual(channel.hello.processKey);
    expect(() => bridge.open({} as never, { capacity: -1 })).toThrow("capacity must be");
  });

  it("leaves out what is not stated, and announces only what is implemented", async () => {
    const { channel } = await opened(createBridge().service(echoBridge, { list: code.list }));
    expect(channel.hello.methods.map(({ name }) => name)).toEqual(["List"]);
    expect(channel.hello.capacity).toBeUndefined();
    expect(channel.hello.schemaDigest).toBe("");
    expect(channel.hello.maxMessageBytes).toBe(4_194_304);
    expect(channel.hello.instanceId).toMatch(/^echo-service-[a-z0-9]{6}$/);
    expect(channel.hello.agent).toMatch(/^grpc-router-bridge\//);
  });

  it("opens the Register stream at the generated path, with the metadata given", async () => {
    let calls = 0;
    const { channel } = await registered(code, {
      registrationMetadata: () => ({ Authorization: `Bearer ${++calls}` }),
    });
    expect(channel.request).toEqual([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/grpcrouter.channel.test.v1.EchoServiceChannel/Register"],
      [":authority", "router.test:80"],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "grpc-router-bridge"],
      ["authorization", "Bearer 1"],
    ]);
  });

  it("sends the token that it is given, in place of another authorization, asked for with each registration", async () => {
    let calls = 0;
    const bridge = createBridge({ registrationMetadata: () => ({ "x-a": "1", Authorization: "Basic x" }) });
    const { channel, peer, scheduler } = await opened(bridge.service(echoBridge, code), {
      ports: { token: () => `token-${++calls}` },
    });
    const sent = () => peer.last().request.slice(7);
    expect(sent()).toEqual([
      ["x-a", "1"],
      ["authorization", "Bearer token-1"],
    ]);
    channel.reset();
    await scheduler.advanceSettled(1_000);
    expect(sent()[1]).toEqual(["authorization", "Bearer token-2"]);
  });

  it("takes scheme and authority from the transport when there is no URL", async () => {
    const { url: _none, ...ports } = { url: "" };
    const bridge = createBridge().service(echoBridge, code);
    const { channel, logger } = await opened(bridge, {
      ports: { ...ports, url: undefined as never },
      duplex: { right: { address: "10.0.0.1:443", encrypted: true } },
    });
    expect(channel.request.slice(1, 4)).toEqual([
      [":scheme", "https"],
      [":path", "/grpcrouter.channel.test.v1.EchoServiceChannel/Register"],
      [":authority", "10.0.0.1:443"],
    ]);
    expect(logger.of("registered")[0]?.message).toContain("at the router as");
  });
});

describe("createInstanceId()", () => {
  it.each([
    ["acme.user.v1.UserService", "user-service-abcdef"],
    ["HTTPServer", "httpserver-abcdef"],
    [`a.${"B".repeat(200)}`, `${"b".repeat(100)}-abcdef`],
  ])("names an instance of %s", (service, expected) => {
    expect(createInstanceId(service, Uint8Array.of(0, 1, 2, 3, 4, 5 + 32))).toBe(expected);
  });
});

describe("validateBridgeOptions()", () => {
  it.each([
    [{ id: "" }, 'id must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received ""'],
    [{ id: "users 1" }, "id must be"],
    [{ id: "x".repeat(129) }, "id must be"],
    [{ capacity: -1 }, "capacity must be a whole number from 0 to 4294967295, received -1"],
    [{ capacity: 1.5 }, "capacity must be"],
    [{ weight: -2 }, "weight must be"],
    [{ maxMessageBytes: 0 }, "maxMessageBytes must be"],
    [{ requestCredit: 65_535 }, "requestCredit must be a whole number from 65536 to 2147483647, received 65535"],
    [
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, ""])) },
      "labels must be at most 64 labels, received 65",
    ],
    [{ labels: { ["n".repeat(64)]: "" } }, "labels must be names of 1 to 63"],
    [{ labels: { "": "" } }, "labels must be"],
    [
      { connections: { limits: { lastStreamId: -1 } } },
      "connections.limits.lastStreamId must be a whole number from 0",
    ],
    [{ labels: { zone: "ü".repeat(129) } }, "labels must be"],
  ])("refuses %j", (options, message) => {
    expect(() => createBridge(options)).toThrow(`Cannot create the bridge: ${message}`);
  });

  it.each([
    {},
    { id: "a.B_9:/-", capacity: 0, weight: 0, maxMessageBytes: 1, requestCredit: 65_536, labels: { zone: "" } },
  ])("takes %j", (options) => {
    expect(() => createBridge(options)).not.toThrow();
  });

  it("throws a BridgeError", () => {
    try {
      createBridge({ capacity: -1 });
    } catch (error) {
      expect(isBridgeError(error) && error.code).toBe("INVALID_OPTION");
    }
    expect(isBridgeError(new Error("other"))).toBe(false);
  });

  it("wants a service before it opens", () => {
    expect(() => createBridge().open({} as never)).toThrow("Cannot open the bridge: it must have a service");
  });
});
