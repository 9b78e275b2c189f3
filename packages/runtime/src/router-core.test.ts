// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { createRouter } from "./router.js";
import { RouterError } from "./router-error.js";
import { RawInstance } from "./test-kit/raw-instance.suite.js";
import { TestRouter } from "./test-kit/test-router.suite.js";
import { pathOf, serviceName, testServiceRouter } from "./test-kit/test-service.suite.js";
import { bytes, text } from "./test-kit/text.suite.js";

const grpc = (text: string) => bytes(`\n${String.fromCharCode(text.length)}${text}`);

describe("createRouter()", () => {
  test("lists what it routes and refuses what it cannot", () => {
    const router = createRouter().service(testServiceRouter());
    expect(router.services).toEqual([serviceName]);
    const mistakes: readonly [run: () => unknown, code: string, message: string][] = [
      [() => router.service(testServiceRouter()), "INVALID_STATE", "it must be added once"],
      [() => createRouter().service({} as never), "INVALID_SETTING", "what the generated router module exports"],
      [() => createRouter({ timeoutMs: -1 }), "INVALID_SETTING", "timeoutMs must be"],
      [() => createRouter({ maxRequestMessageBytes: 2 ** 32 }), "INVALID_SETTING", "received 4294967296"],
      [
        () => createRouter().service(testServiceRouter(), { methods: { nothing: {} } }),
        "INVALID_SETTING",
        "methods must be among get, read",
      ],
      [
        () => createRouter().service(testServiceRouter(), { balance: "best" as never }),
        "INVALID_SETTING",
        'there is no "best"',
      ],
      [
        () => createRouter().service(testServiceRouter({ get: { balance: { custom: { name: "mine" } } } })),
        "INVALID_SETTING",
        "TestService/Get: custom balance must be a registered strategy",
      ],
    ];
    for (const [run, code, message] of mistakes) {
      expect(run).toThrow(RouterError);
      expect(run).toThrow(message);
      expect(run).toThrow(expect.objectContaining({ code }));
    }
  });

  test("takes balancers from options, settings and code", () => {
    const picked: string[] = [];
    const named = (name: string) => ({ name, pick: () => void picked.push(name) });
    const router = new TestRouter({
      desc: testServiceRouter({
        get: { balance: { custom: { name: "mine" } } },
        watch: { balance: { roundRobin: {} } },
      }),
      balancers: new Map([["mine", () => named("mine")]]),
      balance: named("all"),
      settings: { methods: { chat: { balance: named("chat") } } },
    });
    router.instance();
    const { client } = router.connect();
    for (const method of ["Get", "Chat", "Read"] as const) client.unary(pathOf(method), bytes("a"));
    router.run();
    expect(new Set(picked)).toEqual(new Set(["mine", "chat", "all"]));
  });
});

describe("descriptors()", () => {
  const fileOf = (service: string, methods: readonly string[], dependency: readonly string[] = []) => ({
    name: `acme/${service}.proto`,
    package: "acme",
    syntax: "proto3",
    dependency: [...dependency],
    messageType: [{ name: `${service}M` }],
    service: [
      {
        name: service,
        method: methods.map((name) => ({ name, inputType: `.acme.${service}M`, outputType: `.acme.${service}M` })),
      },
    ],
  });
  const setOf = (...file: ReturnType<typeof fileOf>[]) => create(FileDescriptorSetSchema, { file });

  test("routes what a set describes, with settings, and leaves out what it has already", () => {
    const set = setOf(fileOf("User", ["Get"]), fileOf("Group", ["Get"]));
    const router = createRouter()
      .descriptors(set, { isWanted: (name) => name === "acme.User", settings: { timeoutMs: 7 } })
      .descriptors(set);
    expect(router.services).toEqual(["acme.User", "acme.Group"]);
    expect(["acme.User", "acme.Group"].map((name) => router.policiesOf(name)?.methods.get?.facts.timeoutMs)).toEqual([
      7,
      undefined,
    ]);
  });

  test("refuses what contradicts itself or what is routed", () => {
    const router = createRouter().descriptors(setOf(fileOf("User", ["Get"])));
    const missing = setOf(fileOf("Group", ["Get"], ["none.proto"]));
    expect(() => router.descriptors(missing)).toThrow(
      "Cannot route a descriptor set: acme/Group.proto: it imports none.proto, which the set must contain",
    );
    expect(() => router.descriptors(setOf(fileOf("User", ["Get", "Set"])))).toThrow(
      expect.objectContaining({
        code: "DESCRIPTOR_CONFLICT",
        message: "Cannot route acme.User: it is routed already, and its descriptors differ in acme/User.proto",
      }),
    );
    expect(router.services).toEqual(["acme.User"]);
  });
});

describe("the router's own services", () => {
  test("health tells what is served, checked and watched", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const watch = client.unary("/grpc.health.v1.Health/Watch", grpc(serviceName));
    const before = client.unary("/grpc.health.v1.Health/Check", grpc(serviceName));
    router.run();
    const instance = router.instance();
    const after = client.unary("/grpc.health.v1.Health/Check", grpc(""));
    const unknown = client.unary("/grpc.health.v1.Health/Check", grpc("no.Service"));
    router.run();
    instance.peer.duplex.reset();
    router.run();
    expect([before, after].map((call) => [...(call.messages[0]?.bytes ?? [])])).toEqual([
      [8, 2],
      [8, 1],
    ]);
    expect(before.status?.code).toBe(0);
    expect(unknown.status?.code).toBe(5);
    expect(watch.messages.map((message) => message.bytes[1])).toEqual([2, 1, 2]);
    watch.cancel();
    router.run();
    const late = client.start("/grpc.health.v1.Health/Watch", { timeout: "50m" });
    late.send(grpc(""), { halfClose: true });
    router.scheduler.advance(60);
    expect(late.status?.code).toBe(4);
  });

  test("reflection lists the routed service and its own", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const calls = ["v1", "v1alpha"].map((version) => {
      const call = client.start(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
      call.send(Uint8Array.of(0x3a, 1, 0x2a));
      return call;
    });
    router.run();
    for (const call of calls) {
      expect(text(call.messages[0]?.bytes)).toContain(serviceName);
      expect(text(call.messages[0]?.bytes)).toContain("grpc.health.v1.Health");
      call.halfClose();
    }
    router.run();
    expect(calls.map((call) => call.status?.code)).toEqual([0, 0]);
  });

  test("take messages in any pieces", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const call = client.start("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    const host = "h".repeat(3_000);
    const request = Uint8Array.of(0x0a, 0xb8, 0x17, ...bytes(host), 0x3a, 1, 0x2a);
    const message = Uint8Array.of(0, 0, 0, request.length >> 8, request.length & 255, ...request);
    for (const octet of message) {
      call.sendBytes(Uint8Array.of(octet));
      router.run();
    }
    call.sendBytes(Uint8Array.of(...message, ...message, ...message.subarray(0, 100)));
    router.run();
    call.sendBytes(message.subarray(100), true);
    router.run();
    expect(call.messages).toHaveLength(4);
    expect(call.status?.code).toBe(0);
  });

  test("take no compressed, large or broken messages", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const path = "/grpc.health.v1.Health/Check";
    const compressed = client.start(path);
    compressed.send(bytes("x"), { compressed: true });
    const large = client.start(path);
    large.sendBytes(Uint8Array.of(0, 0, 0, 0x40, 1));
    const cut = client.start(path);
    cut.sendBytes(Uint8Array.of(0, 0, 0, 0, 9, 1), true);
    const none = client.start(path, { endStream: true });
    router.run();
    expect([compressed, large, cut, none].map((call) => call.status?.code)).toEqual([12, 8, 13, 12]);
    for (const call of [compressed, large]) call.sendBytes(bytes("more"));
    router.run();
  });
});

describe("RouterCore.drain()", () => {
  test("lets calls finish, tells instances, closes all and resolves", async () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    let done = false;
    const drained = router.core.drain({ timeoutMs: 10_000 }).then((callsCut) => {
      done = true;
      return callsCut;
    });
    expect([...router.core.openCalls()]).toEqual([[pathOf("Get"), 1]]);
    expect(router.core.drain({ timeoutMs: 1 })).toBe(router.core.drain({ timeoutMs: 2 }));
    await router.scheduler.advanceSettled(100);
    expect(client.goaways.length).toBeGreaterThan(0);
    expect(router.core.ready).toBe(false);
    expect(instance.controls).toEqual(["welcome"]);
    expect(done).toBe(false);
    instance.reply(1, "Get", bytes("r"));
    await router.scheduler.advanceSettled(100);
    expect(call.status?.code).toBe(0);
    expect(instance.controls).toEqual(["welcome", "drain"]);
    expect(instance.frames.at(-1)?.control?.kind.value).toMatchObject({ reason: "ROUTER_DRAINING", lastCallId: 1n });
    instance.call.halfClose();
    await router.scheduler.advanceSettled(6_000);
    expect(instance.call.status?.code).toBe(0);
    expect(await drained).toBe(0);
    expect(done).toBe(true);
    expect(router.core.openCalls().size).toBe(0);
    expect(router.core.instances()).toHaveLength(0);
  });

  test("refuses registrations and ends what still runs when the time is over", async () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"));
    await router.scheduler.settle();
    const drained = router.core.drain({ timeoutMs: 1_000 });
    await router.scheduler.advanceSettled(100);
    const late = new RawInstance(instance.peer.client).hello({ instanceId: "late" });
    await router.scheduler.settle();
    expect(late.call.status?.details?.errorInfo?.reason).toBe("ROUTER_DRAINING");
    await router.scheduler.advanceSettled(1_100);
    await drained;
    expect(call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "INSTANCE_LOST" } } });
    expect(client.closeReason).toBeDefined();
    expect(router.core.instances()).toHaveLength(0);
    const { client: next } = router.connect();
    await router.scheduler.advanceSettled(100);
    expect(next.closeReason).toBeDefined();
  });
});

describe("what outlives the grace of RouterCore.drain()", () => {
  const infoOf = (call: { status?: { details?: { errorInfo?: unknown } | undefined } | undefined }) =>
    call.status?.details?.errorInfo;

  test("ends with a status: what waits as not run, what runs as lost, whatever the method", async () => {
    const router = new TestRouter({ settings: { waitForReady: true } });
    const instance = router.instance({ capacity: { calls: 2 } });
    const { client } = router.connect();
    const [sent, accepted] = [client.unary(pathOf("Read"), bytes("a")), client.unary(pathOf("Read"), bytes("b"))];
    const [waiting, unfinished] = [client.unary(pathOf("Get"), bytes("c")), client.start(pathOf("Get"))];
    const cancelled = client.unary(pathOf("Get"), bytes("d"));
    router.run();
    cancelled.cancel();
    instance.send({ head: { acceptedThrough: 1n } });
    router.run();
    const drained = router.core.drain({ timeoutMs: 1_500 });
    await router.scheduler.advanceSettled(1_000);
    expect([sent, accepted, waiting, unfinished].map((call) => call.status)).toEqual(new Array(4).fill(undefined));
    const open = { [pathOf("Read")]: 2, [pathOf("Get")]: 2 };
    expect(Object.fromEntries(router.core.openCalls())).toEqual(open); // the cancelled one owes nobody anything
    await router.scheduler.advanceSettled(1_000);
    expect(await drained).toBe(4);
    expect([sent, accepted].map(infoOf)).toMatchObject([
      { reason: "INSTANCE_LOST", metadata: { execution: "started" } },
      { reason: "INSTANCE_LOST", metadata: { execution: "unknown" } },
    ]);
    const notRun = { reason: "ROUTER_DRAINING", metadata: { execution: "none" } };
    expect([waiting, unfinished].map(infoOf)).toMatchObject([notRun, notRun]);
    expect(router.logger.entries.map(({ level, message }) => [level, message])).toEqual(
      expect.arrayContaining([
        ["info", "Draining: 4 calls have 1.5 s to end, new ones are sent elsewhere"],
        ["warn", "The grace of 1.5 s is over, and 4 calls have not ended: UNAVAILABLE"],
      ]),
    );
  });

  test("is nothing when all have ended, and the log says so", async () => {
    const router = new TestRouter();
    router.connect();
    const drained = router.core.drain({ timeoutMs: 10_000 });
    await router.scheduler.advanceSettled(100);
    await drained;
    expect(router.logger.entries.map(({ event }) => event)).toEqual(["draining", "drained"]);
  });
});

describe("RouterCore.close()", () => {
  test("ends a drain under way, which then says how many calls that cost", async () => {
    const router = new TestRouter();
    router.instance();
    const { client } = router.connect();
    client.unary(pathOf("Get"), bytes("a"));
    router.run();
    const drained = router.core.drain({ timeoutMs: 10_000 });
    await router.scheduler.settle();
    router.core.close();
    expect(await drained).toBe(1);
  });

  test("ends everything at once and leaves no timer", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"), { timeout: "1H" });
    router.run();
    router.core.close();
    router.core.close();
    router.scheduler.advance(40_000);
    expect(call.status?.code).toBe(14);
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("ROUTER_DRAINING");
    expect(router.scheduler.pendingTimers).toBe(0);
  });
});

describe("a connection", () => {
  test("of a flood that is closed for one fault is a warning once a minute", () => {
    const router = new TestRouter();
    const bad = bytes("this is no preface of HTTP/2");
    const attack = () => {
      const { duplex } = router.connect();
      duplex.left.write(bad, bad.length);
      router.run();
    };
    for (let count = 0; count < 3; count++) attack();
    router.scheduler.advance(60_000);
    attack();
    const lines = router.logger.of("connection_closed");
    expect(lines.map(({ level }) => level)).toEqual(["warn", "debug", "debug", "warn"]);
    expect(lines.at(-1)?.message).toContain("and 2 more before it");
  });

  test("of one fault does not hide the first of another", () => {
    const router = new TestRouter();
    for (const first of [bytes("this is no preface of HTTP/2"), Uint8Array.of(0x16, 3, 1, 0, 5)]) {
      router.connect().duplex.left.write(first, first.length);
      router.run();
    }
    const lines = router.logger.of("connection_closed");
    expect(lines.map(({ level }) => level)).toEqual(["warn", "warn"]);
    expect(lines[1]?.message).toContain("speaks TLS");
  });

  test("with garbage is closed and logged once", () => {
    const router = new TestRouter();
    const { duplex } = router.connect();
    router.run();
    const bad = bytes("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const other = router.connect();
    other.duplex.left.write(bad, bad.length);
    router.run();
    expect(router.logger.of("connection_closed").length).toBeLessThanOrEqual(1);
    duplex.reset();
    router.run();
    expect(router.core.instances()).toHaveLength(0);
  });
});
