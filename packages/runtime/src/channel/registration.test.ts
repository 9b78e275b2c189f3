// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { type MethodName, numbers, pathOf, serviceName } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

const untypedPath = "/grpcrouter.v1.ChannelService/Register";

function register(hello: Parameters<RawInstance["hello"]>[0], path?: string) {
  const router = new TestRouter();
  const instance = new RawInstance(router.connect().client, path).hello(hello);
  router.run();
  return { router, instance };
}

const method = (name: string, number: number, kind: 1 | 4 = 1) => ({ name, number, kind, typed: true });

describe("a registration", () => {
  test("is welcomed with what the channel works by", () => {
    const { router, instance } = register({});
    expect(instance.welcome).toMatchObject({
      revision: 1,
      epoch: 1n,
      pingAfterMs: 10_000,
      pongWithinMs: 4_000,
      initialCredit: 81_920,
      maxMessageBytes: 4_194_304,
      maxMetadataBytes: 16_384,
      refused: [],
      features: [],
    });
    expect(instance.welcome.routerId).toBe("07".repeat(12));
    expect(router.core.ready).toBe(true);
    expect(router.logger.of("registered")[0]?.message).toBe(`one registered ${serviceName} (5 methods)`);
    expect(router.core.instances()).toMatchObject([
      {
        service: serviceName,
        instanceId: "one",
        methods: ["Get", "Read", "Watch", "Collect", "Chat"],
        weight: 100,
        capacity: 4096,
      },
    ]);
  });

  test("says what it lacks, and the rest of the methods is refused one by one", () => {
    const { router, instance } = register({
      methods: [method("Get", 8), method("Watch", 9), method("Extra", 10)],
      capacity: { calls: 3 },
      traits: { labels: { zone: "eu-1" }, weight: 50 },
      agent: "test 1.0",
    });
    expect(instance.welcome.refused).toMatchObject([
      { number: 9, reason: "SCHEMA_INCOMPATIBLE" },
      { number: 10, reason: "METHOD_UNKNOWN" },
    ]);
    expect(router.logger.of("registered")[0]?.message).toBe(
      `one serves 1 of 5 methods of ${serviceName}, not Read, Watch, Collect, Chat`,
    );
    expect(router.logger.of("method_refused")).toHaveLength(2);
    expect(router.core.instances()[0]).toMatchObject({
      labels: { zone: "eu-1" },
      weight: 50,
      capacity: 3,
      agent: "test 1.0",
    });
  });

  test("on the untyped path serves the same calls by fragments", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client, untypedPath).hello({}, ["Get"], false);
    router.run();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("hello"));
    router.run();
    expect(instance.calls).toMatchObject([{ callId: 1, payloadNumber: 2, payload: bytes("hello"), halfClose: true }]);
    instance.send({ head: { callId: 1n, end: {} }, fragment: { data: bytes("world") } });
    router.run();
    expect(text(call.messages[0]?.bytes)).toBe("world");
    expect(call.status?.code).toBe(0);
  });

  /** A hello and a ping, and how many bytes of them are the hello. */
  function helloAndPing() {
    const router = new TestRouter();
    const { client } = router.connect();
    router.run();
    const instance = new RawInstance(client);
    const send = instance.call.sendBytes.bind(instance.call);
    const pieces: Uint8Array[] = [];
    instance.call.sendBytes = (piece) => void pieces.push(piece.slice());
    instance.hello().control({ kind: { case: "ping", value: { token: 5n } } });
    const all = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    return { router, instance, send, all, helloBytes: pieces[0]?.length ?? 0 };
  }

  test("may be cut anywhere, with the frame behind it", () => {
    const { all } = helloAndPing();
    for (let cut = 1; cut < all.length; cut++) {
      const { router, instance, send } = helloAndPing();
      send(all.subarray(0, cut));
      router.run();
      send(all.subarray(cut));
      router.run();
      expect(instance.controls, `cut at ${cut}`).toEqual(["welcome", "pong"]);
    }
  });

  test("ends its channel when what comes in one piece with the hello is no frame", () => {
    const { router, instance, send, all, helloBytes } = helloAndPing();
    send(Uint8Array.of(...all.subarray(0, helloBytes), 1, 0, 0, 0, 0));
    router.run();
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("FRAME_MALFORMED");
    expect(router.core.instances()).toHaveLength(0);
  });

  test("may bring its first frames in one piece with the hello", () => {
    const router = new TestRouter();
    const peer = router.connect();
    const instance = new RawInstance(peer.client).hello().control({ kind: { case: "ping", value: { token: 5n } } });
    router.run();
    expect(instance.controls).toEqual(["welcome", "pong"]);
  });

  const refusals: readonly [name: string, hello: Parameters<RawInstance["hello"]>[0], reason: string, code: number][] =
    [
      ["a revision that is too new", { revisionMin: 2, revisionMax: 3 }, "REVISION_UNSUPPORTED", 9],
      ["no revision", { revisionMin: 0, revisionMax: 0 }, "REVISION_UNSUPPORTED", 9],
      ["another service than the path's", { service: "acme.other.v1.Other" }, "HELLO_INVALID", 3],
      ["no id", { instanceId: "" }, "HELLO_INVALID", 3],
      ["an id with a space", { instanceId: "a b" }, "HELLO_INVALID", 3],
      ["an id of 129 characters", { instanceId: "x".repeat(129) }, "HELLO_INVALID", 3],
      ["a short process key", { processKey: new Uint8Array(15) }, "HELLO_INVALID", 3],
      ["little credit", { initialCredit: 65_535 }, "HELLO_INVALID", 3],
      ["overflowing credit", { initialCredit: 2 ** 31 }, "HELLO_INVALID", 3],
      ["no methods", { methods: [] }, "HELLO_INVALID", 3],
      ["a number that is too small", { methods: [method("Get", 7)] }, "HELLO_INVALID", 3],
      ["a reserved number", { methods: [method("Get", 19_000)] }, "HELLO_INVALID", 3],
      ["a number that is too large", { methods: [method("Get", 2 ** 29)] }, "HELLO_INVALID", 3],
      ["one number for two methods", { methods: [method("Get", 8), method("Read", 8)] }, "HELLO_INVALID", 3],
      ["one method twice", { methods: [method("Get", 8), method("Get", 9)] }, "HELLO_INVALID", 3],
      [
        "too many methods",
        { methods: Array.from({ length: 1025 }, (_, at) => method(`M${at}`, 20_000 + at)) },
        "HELLO_INVALID",
        3,
      ],
      ["too many features", { features: Array.from({ length: 65 }, () => "f") }, "HELLO_INVALID", 3],
      [
        "too many labels",
        { traits: { labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, "v"])) } },
        "HELLO_INVALID",
        3,
      ],
      ["a long label", { traits: { labels: { a: "v".repeat(257) } } }, "HELLO_INVALID", 3],
      ["only methods of other kinds", { methods: [method("Get", 8, 4)] }, "SCHEMA_INCOMPATIBLE", 9],
      ["only unknown methods", { methods: [method("Nothing", 8)] }, "SCHEMA_INCOMPATIBLE", 9],
    ];
  for (const [name, hello, reason, code] of refusals) {
    test(`with ${name} is refused: ${reason}`, () => {
      const { router, instance } = register(hello);
      expect(instance.call.status).toMatchObject({ code, details: { errorInfo: { reason, domain: "grpcrouter" } } });
      expect(instance.call.trailersOnly).toBe(true);
      expect(router.logger.of("refused")).toHaveLength(1);
      expect(router.core.instances()).toHaveLength(0);
    });
  }

  test("on the path of an unknown service is told the same as on the untyped one", () => {
    const path = "/grpcrouter.channel.acme.user.v1.UserServiceChannel/Register";
    const { instance, router } = register({ service: "acme.user.v1.UserService" }, path);
    expect(instance.call.status).toMatchObject({
      code: 9,
      message: `Cannot register acme.user.v1.UserService: the router must have it, it serves ${serviceName} (SERVICE_UNKNOWN). Add .service(userServiceRouter) in the router, or give it a descriptor set`,
    });
    expect(router.logger.of("refused")).toHaveLength(1);
  });

  test("of an unknown service is told what is served and what to add", () => {
    const { instance } = register(
      { service: "acme.user.v1.UserService", methods: [{ ...method("Get", 8), typed: false }] },
      untypedPath,
    );
    expect(instance.call.status).toMatchObject({
      code: 9,
      message: `Cannot register acme.user.v1.UserService: the router must have it, it serves ${serviceName} (SERVICE_UNKNOWN). Add .service(userServiceRouter) in the router, or give it a descriptor set`,
    });
  });

  test("with typed methods on the untyped path is refused", () => {
    const { instance } = register({}, untypedPath);
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("HELLO_INVALID");
  });

  test("without a hello is refused after five seconds", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    router.scheduler.advance(4_900);
    expect(instance.call.status).toBeUndefined();
    router.scheduler.advance(200);
    expect(instance.call.status).toMatchObject({ code: 4, details: { errorInfo: { reason: "HELLO_TIMEOUT" } } });
  });

  const firstFrames: readonly [name: string, send: (instance: RawInstance) => void, reason: string][] = [
    ["something else", (instance) => instance.control({ kind: { case: "ping", value: {} } }), "HELLO_INVALID"],
    ["a call", (instance) => instance.end(1), "HELLO_INVALID"],
    ["garbage", (instance) => instance.call.send(bytes("garbage")), "FRAME_MALFORMED"],
    ["two heads", (instance) => instance.call.send(Uint8Array.of(10, 0, 10, 0)), "FRAME_AMBIGUOUS"],
    ["a frame of 300 KiB", (instance) => instance.call.sendBytes(Uint8Array.of(0, 0, 5, 0, 0)), "FRAME_TOO_LARGE"],
    ["a compressed frame", (instance) => instance.call.send(bytes("x"), { compressed: true }), "FRAME_MALFORMED"],
    ["its end", (instance) => instance.call.halfClose(), "FRAME_MALFORMED"],
  ];
  for (const [name, send, reason] of firstFrames) {
    test(`that begins with ${name} is refused: ${reason}`, () => {
      const router = new TestRouter();
      const instance = new RawInstance(router.connect().client);
      send(instance);
      router.run();
      expect(instance.call.status?.details?.errorInfo?.reason).toBe(reason);
    });
  }

  test("is refused when there are too many a second, with the time to wait", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    const other = router.connect();
    router.run();
    for (let count = 0; count < 250; count++) new RawInstance(client).hello({ instanceId: `a${count}` });
    for (let count = 0; count < 250; count++) new RawInstance(other.client).hello({ instanceId: `b${count}` });
    // Many streams of one connection take several turns, so a newcomer would come before the last of them.
    router.run();
    const late = new RawInstance(router.connect().client);
    router.run();
    expect(late.call.status).toMatchObject({
      code: 8,
      details: { errorInfo: { reason: "REGISTRATION_RATE" }, retryAfterMs: 2 },
    });
    expect(router.core.instances()).toHaveLength(500);
  });

  test("is refused beyond 256 streams of one connection", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    router.run();
    const streams = Array.from({ length: 257 }, (_, at) => new RawInstance(client).hello({ instanceId: `a${at}` }));
    router.run();
    expect(router.core.instances()).toHaveLength(256);
    expect(streams.at(-1)?.call.status?.details?.errorInfo?.reason).toBe("REGISTRATION_RATE");
  });

  test("is forgotten when its connection goes before the hello", () => {
    const router = new TestRouter();
    const peer = router.connect();
    new RawInstance(peer.client);
    router.run();
    peer.duplex.reset();
    router.scheduler.advance(10_000);
    expect(router.logger.of("refused")).toHaveLength(0);
  });
});

describe("a taken id", () => {
  const key = (fill: number) => new Uint8Array(16).fill(fill);

  test("is taken over by a newer process; the older channel finishes what it has", () => {
    const router = new TestRouter();
    const old = router.instance();
    const { client } = router.connect();
    const running = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    const fresh = router.instance({ processKey: key(2), incarnation: 2n });
    expect(old.controls).toEqual(["welcome", "drain"]);
    expect(old.frames.at(-1)?.control?.kind.value).toMatchObject({ reason: "SUPERSEDED" });
    const next = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    expect(fresh.calls).toHaveLength(1);
    old.reply(1, "Get", bytes("A"));
    fresh.reply(1, "Get", bytes("B"));
    router.run();
    expect([running, next].map((call) => text(call.messages[0]?.bytes))).toEqual(["A", "B"]);
    old.call.halfClose();
    router.run();
    expect(old.call.status?.code).toBe(0);
  });

  test("is not given to a zombie, which is told when to come again", () => {
    const router = new TestRouter();
    router.instance({ incarnation: 5n });
    const zombie = router.instance({ processKey: key(2), incarnation: 4n });
    expect(zombie.call.status).toMatchObject({
      code: 6,
      details: { errorInfo: { reason: "ID_IN_USE" }, retryAfterMs: 20_000 },
    });
  });

  test("is free again when its channel is lost", () => {
    const router = new TestRouter();
    const first = router.instance({ incarnation: 5n });
    first.peer.duplex.reset();
    router.run();
    const next = router.instance({ processKey: key(2), incarnation: 4n });
    expect(next.welcome.epoch).toBe(2n);
  });

  test("is not another principal's", () => {
    const router = new TestRouter();
    router.instance();
    const peer = router.connect({ left: { identities: ["spiffe://acme/other"] } });
    const other = new RawInstance(peer.client).hello({ processKey: key(2), incarnation: 9n });
    router.run();
    expect(other.call.status).toMatchObject({ code: 7, details: { errorInfo: { reason: "ID_NOT_YOURS" } } });
  });

  test("ends its older channel when the grace is over", () => {
    const router = new TestRouter();
    const old = router.instance();
    const { client } = router.connect();
    const running = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    router.instance({ processKey: key(2), incarnation: 2n });
    for (let second = 0; second < 32; second += 2) {
      router.scheduler.advance(2_000);
      old.control({ kind: { case: "pong", value: {} } });
    }
    expect(running.status).toMatchObject({
      code: 14,
      details: { errorInfo: { reason: "INSTANCE_LOST", metadata: { execution: "unknown" } } },
    });
    expect(old.call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "SUPERSEDED" } } });
  });
});

describe("Previous", () => {
  const routerId = "07".repeat(12);

  function setUp() {
    const router = new TestRouter();
    const first = router.instance();
    const { client } = router.connect();
    const calls = (["Get", "Get", "Read"] as readonly MethodName[]).map((name) =>
      client.unary(pathOf(name), bytes(name)),
    );
    router.run();
    return { router, first, calls };
  }

  test("in a hello moves what did not run, whatever the method, and ends the old channel", () => {
    const { router, first, calls } = setUp();
    const next = router.instance({ ordinal: 2n, previous: [{ routerId, epoch: 1n, acceptedThrough: 1n }] });
    expect(first.call.status?.details?.errorInfo?.reason).toBe("SUPERSEDED");
    expect(calls[0]?.status).toMatchObject({
      code: 14,
      details: { errorInfo: { reason: "INSTANCE_LOST", metadata: { execution: "unknown" } } },
    });
    expect(next.calls.map((frame) => [text(frame.payload), frame.start?.attempt])).toEqual([
      ["Get", 0],
      ["Read", 0],
    ]);
  });

  test("as control on a live channel does the same", () => {
    const { router, calls } = setUp();
    const next = router.instance({ ordinal: 2n });
    next.control({ kind: { case: "previous", value: { routerId, epoch: 1n, acceptedThrough: 3n } } });
    router.run();
    expect(calls[0]?.status?.details?.errorInfo?.reason).toBe("INSTANCE_LOST");
    expect(next.calls).toMatchObject([{ start: { method: numbers.Read, attempt: 1 } }]);
  });

  test("of another router, epoch or process changes nothing", () => {
    const { router, first } = setUp();
    router.instance({
      ordinal: 2n,
      previous: [
        { routerId: "other", epoch: 1n, acceptedThrough: 0n },
        { routerId, epoch: 99n, acceptedThrough: 0n },
      ],
    });
    router.instance({ instanceId: "two", processKey: new Uint8Array(16).fill(9), previous: [{ routerId, epoch: 1n }] });
    expect(first.call.status).toBeUndefined();
    expect(first.controls).toEqual(["welcome", "drain"]);
  });

  test("below a mark that the router saw is refused", () => {
    const { router, first } = setUp();
    first.send({ head: { acceptedThrough: 2n } });
    router.run();
    const next = router.instance({ ordinal: 2n, previous: [{ routerId, epoch: 1n, acceptedThrough: 1n }] });
    expect(next.call.status?.details?.errorInfo?.reason).toBe("HELLO_INVALID");
  });
});
