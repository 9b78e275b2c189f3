// SPDX-License-Identifier: Apache-2.0
// What the gate lets in and what not, over the wire of a router on virtual time.
import { describe, expect, test } from "vitest";
import { pathOf, registerPath, serviceName } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";
import { bearer, CredentialBed, credentials, otherToken, token, untypedPath } from "./credential-bed.suite.js";

const reasonOf = (instance: ReturnType<CredentialBed["instance"]>) => instance.call.status?.details?.errorInfo?.reason;

describe("a registration with credentials", () => {
  test.each([
    ["its token", { metadata: bearer(token) }],
    ["its token, in other letters of the scheme", { metadata: [["authorization", `bEARER   ${token}`]] }],
    ["its certificate", { identities: ["users.acme.example", "spiffe://acme/users"] }],
    ["a token beside a certificate that nobody knows", { metadata: bearer(token), identities: ["stranger"] }],
  ] as const)("is welcomed with %s, and named", (_name, peer) => {
    for (const path of [registerPath, untypedPath]) {
      const bed = new CredentialBed();
      const instance = bed.instance({ ...peer, path });
      expect(instance.welcome.epoch).toBe(1n);
      expect(bed.router.core.instances()).toMatchObject([{ instanceId: "one", principal: "users" }]);
    }
  });

  const long = "x".repeat(15_000);
  const refused = [
    ["nothing", {}, "none", "it showed neither a token nor a verified certificate"],
    ["another token", { metadata: bearer("a-token-that-nobody-has") }, "another", "no credential has its token"],
    ["a longer token", { metadata: bearer(`${token}x`) }, "another", "no credential has its token"],
    ["a shorter token", { metadata: bearer(token.slice(1)) }, "another", "no credential has its token"],
    ["a huge token", { metadata: bearer(long) }, "another", "no credential has its token"],
    [
      "an empty token",
      { metadata: [["authorization", "Bearer"]] },
      "another",
      "authorization was not Bearer and a token",
    ],
    [
      "a token without Bearer",
      { metadata: [["authorization", token]] },
      "another",
      "authorization was not Bearer and a token",
    ],
    [
      "a password",
      { metadata: [["authorization", `Basic ${token}`]] },
      "another",
      "authorization was not Bearer and a token",
    ],
    [
      "two words behind Bearer",
      { metadata: bearer(`${token} ${token}`) },
      "another",
      "authorization was not Bearer and a token",
    ],
    [
      "the header twice",
      { metadata: [...bearer(token), ...bearer(token)] },
      "another",
      "authorization came more than once",
    ],
    [
      "two tokens, one of them right",
      { metadata: [...bearer("another-token-of-mine"), ...bearer(token)] },
      "another",
      "authorization came more than once",
    ],
    [
      "a token in another header",
      { metadata: [["x-authorization", `Bearer ${token}`]] },
      "none",
      "it showed neither a token nor a verified certificate",
    ],
    [
      "another certificate",
      { identities: ["spiffe://acme/user"] },
      "another",
      "no credential has the name of its certificate, spiffe://acme/user",
    ],
    [
      "a wrong token beside its certificate",
      { metadata: bearer(`${token}x`), identities: ["spiffe://acme/users"] },
      "another",
      "no credential has its token",
    ],
  ] as const;
  test.each(refused)("is refused with %s", (_name, peer, received, note) => {
    const bed = new CredentialBed();
    const instance = bed.stranger(peer);
    expect(instance.call.status).toMatchObject({
      code: 16,
      message: `Cannot register ${serviceName}: the instance must show a credential that the router knows, received ${received} (CREDENTIAL_INVALID). Give it a token or a certificate that the router lists`,
      details: { errorInfo: { reason: "CREDENTIAL_INVALID" } },
    });
    expect(instance.call.trailersOnly).toBe(true);
    const said = bed.router.logger.of("refused");
    expect(said).toHaveLength(1);
    expect(said[0]?.message).toContain(`Refused a registration from left (${note}): Cannot register`);
    expect(JSON.stringify(bed.router.logger.entries)).not.toMatch(/secret|xxxx/);
    expect(bed.router.core.routerCounters.reasons.CREDENTIAL_INVALID).toBe(1);
  });

  test("is refused with more metadata than fits, of which the token may be a part", () => {
    const bed = new CredentialBed(credentials, { connections: { limits: { headerFields: 200 } } });
    const metadata = Array.from({ length: 101 }, (_, at) => [`x-${at}`, "x"] as const);
    expect(reasonOf(bed.stranger({ metadata: [...metadata, ...bearer(token)] }))).toBe("CREDENTIAL_INVALID");
    expect(bed.router.logger.of("refused")[0]?.message).toContain("(its metadata was too large)");
  });

  test("is refused on its head: no hello, no timer and nothing kept", () => {
    const bed = new CredentialBed();
    bed.stranger({ path: "/ready" });
    const { pendingTimers } = bed.router.scheduler;
    const stranger = bed.stranger({ path: "/grpcrouter.channel.acme.secret.v1.NoSuchChannel/Register" });
    expect(reasonOf(stranger)).toBe("CREDENTIAL_INVALID");
    stranger.call.sendBytes(new Uint8Array(100_000));
    bed.router.run();
    expect(bed.router.core.usage().map(({ keptBytes }) => keptBytes)).toEqual([0, 0]);
    expect(bed.router.scheduler.pendingTimers).toBe(pendingTimers);
  });

  test("comes through a flood of strangers, which leaves nothing behind", () => {
    const bed = new CredentialBed();
    const floods = Array.from({ length: 4 }, (_, at) => bed.router.connect({ left: { address: `192.0.2.${at}:1` } }));
    bed.router.run();
    const { pendingTimers } = bed.router.scheduler;
    const refused = floods.flatMap(({ client }) =>
      Array.from({ length: 250 }, (_, at) =>
        client.start(registerPath, { metadata: at % 2 ? bearer(`guess-${at}`) : [] }),
      ),
    );
    bed.router.run();
    const instance = bed.instance({ metadata: bearer(token) });
    expect(instance.welcome.epoch).toBe(1n);
    expect(refused.every(({ status }) => status?.code === 16 || status?.code === 8)).toBe(true);
    expect(floods.map(({ client }) => client.closeReason)).toEqual(floods.map(() => undefined));
    expect(bed.router.core.usage().every(({ keptBytes }) => keptBytes === 0)).toBe(true);
    expect(bed.router.scheduler.pendingTimers).toBe(pendingTimers);
    expect(bed.router.logger.of("refused").filter(({ level }) => level === "warn").length).toBeLessThanOrEqual(2);
  });

  test("of a service that is not its own is refused before its hello, and on the untyped path at it", () => {
    const message = `Cannot register ${serviceName}: the credential billing must be allowed to serve it (SERVICE_NOT_ALLOWED). Add it to the services of that credential at the router, or use another`;
    for (const peer of [{ metadata: bearer(otherToken) }, { identities: ["billing.acme.example"] }]) {
      const bed = new CredentialBed();
      const typed = bed.stranger(peer);
      expect(typed.call.status).toMatchObject({ code: 7, message });
      const untyped = bed.stranger({ ...peer, path: untypedPath });
      expect(untyped.call.status).toBeUndefined();
      untyped.hello({}, ["Get"], false);
      bed.router.run();
      expect(untyped.call.status).toMatchObject({ code: 7, message });
      // It learns nothing of what is served here.
      const guess = bed.stranger({ ...peer, path: untypedPath }).hello({ service: "acme.user.v1.UserService" });
      bed.router.run();
      expect(reasonOf(guess)).toBe("SERVICE_NOT_ALLOWED");
    }
  });

  test("that is empty lets nobody in", () => {
    const bed = new CredentialBed([]);
    expect(reasonOf(bed.stranger({ metadata: bearer(token), identities: ["spiffe://acme/users"] }))).toBe(
      "CREDENTIAL_INVALID",
    );
  });

  test("asks nothing of clients", () => {
    const bed = new CredentialBed();
    const instance = bed.instance({ metadata: bearer(token) });
    const { client } = bed.router.connect();
    const calls = [
      client.unary(pathOf("Get"), bytes("a")),
      client.unary(pathOf("Get"), bytes("b"), { metadata: bearer("theirs") }),
    ];
    bed.router.run();
    for (const { callId } of instance.calls) instance.reply(callId, "Get", bytes("ok"));
    bed.router.run();
    expect(calls.map((call) => text(call.messages[0]?.bytes))).toEqual(["ok", "ok"]);
    const sent = instance.calls.map(({ start }) => start?.metadata.map(({ name, value }) => `${name}: ${text(value)}`));
    expect(sent).toEqual([[], ["authorization: Bearer theirs"]]);
  });

  test("takes no authorization, right or wrong, where none is asked for", () => {
    const bed = new CredentialBed("none");
    expect(bed.instance({ metadata: bearer("anything") }).welcome.epoch).toBe(1n);
    expect(bed.router.core.instances()).toMatchObject([{ principal: "" }]);
  });
});

describe("wrong tokens", () => {
  function guess(bed: CredentialBed, address: string, count: number) {
    const reasons = Array.from({ length: count }, (_, at) => {
      const stranger = bed.stranger({ metadata: bearer(`guess-number-${at}`), address: `${address}:${1_000 + at}` });
      return reasonOf(stranger);
    });
    return (wanted: string) => reasons.filter((reason) => reason === wanted).length;
  }

  test("of one address are looked at a hundred times, then ten times a second, whatever the connection", () => {
    const bed = new CredentialBed();
    const count = guess(bed, "192.0.2.1", 120);
    expect([count("CREDENTIAL_INVALID"), count("REGISTRATION_RATE")]).toEqual([100, 20]);
    const late = bed.stranger({ metadata: bearer(token), address: "192.0.2.1:9" });
    expect(late.call.status).toMatchObject({ code: 8, details: { retryAfterMs: 100 } });
    bed.router.scheduler.advance(1_000);
    expect(guess(bed, "192.0.2.1", 30)("CREDENTIAL_INVALID")).toBe(10);
  });

  test("hold up neither other addresses nor certificates, and take nothing of the rate that all share", () => {
    const bed = new CredentialBed();
    guess(bed, "192.0.2.1", 300);
    guess(bed, "[2001:db8::1]", 300);
    expect(reasonOf(bed.stranger({ metadata: bearer(token), address: "[2001:db8::2]:9" }))).toBe("REGISTRATION_RATE");
    expect(bed.instance({ metadata: bearer(token), address: "192.0.2.2:9" }).welcome.epoch).toBe(1n);
    const certified = bed.instance({
      identities: ["spiffe://acme/users"],
      address: "192.0.2.1:9",
      hello: { instanceId: "two" },
    });
    expect(certified.welcome.epoch).toBe(2n);
  });

  test("are a line of the log in a minute", () => {
    const bed = new CredentialBed();
    guess(bed, "192.0.2.1", 120);
    const warned = bed.router.logger.of("refused").filter(({ level }) => level === "warn");
    expect(warned).toHaveLength(2);
  });
});

describe("an id and its credential", () => {
  const key = (fill: number) => new Uint8Array(16).fill(fill);
  const newer = { processKey: key(2), incarnation: 9n };

  test("go together: the same credential takes over, by token or certificate", () => {
    const bed = new CredentialBed();
    const first = bed.instance({ metadata: bearer(token) });
    const second = bed.instance({ identities: ["spiffe://acme/users"], hello: newer });
    expect(first.controls).toEqual(["welcome", "drain"]);
    expect(second.welcome.epoch).toBe(2n);
  });

  const thieves = [
    ["a token's from another token", { metadata: bearer(token) }, { metadata: bearer("third-token-third-token") }],
    ["a token's from a certificate", { metadata: bearer(token) }, { identities: ["third.acme.example"] }],
    [
      "a certificate's from a token",
      { identities: ["spiffe://acme/users"] },
      { metadata: bearer("third-token-third-token") },
    ],
    [
      "a certificate's from another one",
      { identities: ["spiffe://acme/users"] },
      { identities: ["third.acme.example"] },
    ],
  ] as const;
  test.each(thieves)("cannot be stolen: %s", (_name, owner, thief) => {
    const bed = new CredentialBed();
    const first = bed.instance(owner);
    const other = bed.stranger(thief).hello(newer);
    bed.router.run();
    expect(other.call.status).toMatchObject({ code: 7, details: { errorInfo: { reason: "ID_NOT_YOURS" } } });
    expect(first.controls).toEqual(["welcome"]);
  });

  test("nor can the fate of a channel be stated by another credential, even with its process key", () => {
    const bed = new CredentialBed();
    const first = bed.instance({ metadata: bearer(token) });
    const { client } = bed.router.connect();
    client.unary(pathOf("Get"), bytes("a"));
    bed.router.run();
    const previous = [{ routerId: first.welcome.routerId, epoch: 1n, acceptedThrough: 0n }];
    bed.instance({ identities: ["third.acme.example"], hello: { instanceId: "two", previous } });
    expect(first.calls).toHaveLength(1);
    expect(first.call.status).toBeUndefined();
  });
});
