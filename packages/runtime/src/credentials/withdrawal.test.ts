// SPDX-License-Identifier: Apache-2.0
// What happens to registered instances when their credential ends or is taken away.
import { DRAIN_GRACE_MS } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";
import { type BedPeer, bearer, CredentialBed, credentials, token, untypedPath } from "./credential-bed.suite.js";
import type { CredentialSettings } from "./credential-settings.js";

const [users, billing, third] = credentials as readonly [CredentialSettings, CredentialSettings, CredentialSettings];

/** An hour after the bed's calendar begins. */
const inAnHourMs = 1_000_000 + 3_600_000;
const until = { tokens: [{ value: token, expires: new Date(inAnHourMs).toISOString() }] };
const expiring = [{ ...users, ...until }, billing, third];

/** Lets time pass in which the instance answers pings. */
function pass(bed: CredentialBed, instance: RawInstance, ms: number): void {
  for (let passed = 0; passed < ms; passed += 2_000) {
    bed.router.scheduler.advance(Math.min(2_000, ms - passed));
    if (instance.call.status === undefined) instance.control({ kind: { case: "pong", value: {} } });
  }
}

/** The drains that an instance was sent. */
function drains(instance: RawInstance) {
  return instance.frames.flatMap(({ control }) => (control?.kind.case === "drain" ? [control.kind.value] : []));
}

describe("a credential that ends", () => {
  const ending: readonly [string, BedPeer][] = [
    ["a token", { metadata: bearer(token) }],
    ["a token, on the untyped channel", { metadata: bearer(token), path: untypedPath }],
    ["a certificate", { identities: ["spiffe://acme/users"], identitiesUntilMs: inAnHourMs }],
  ];
  test.each(ending)("drains the channel in order: %s", (_name, peer) => {
    const bed = new CredentialBed(expiring);
    const instance = bed.instance(peer);
    const { client } = bed.router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"));
    pass(bed, instance, 3_599_000);
    expect(drains(instance)).toEqual([]);
    pass(bed, instance, 2_000);
    expect(drains(instance)).toMatchObject([{ reason: "CREDENTIAL_EXPIRED", lastCallId: 1n, graceMs: DRAIN_GRACE_MS }]);
    expect(bed.router.logger.of("credential_expired")).toHaveLength(1);
    expect(bed.router.core.instances()).toMatchObject([{ state: "draining" }]);
    // What runs comes to its end, what comes finds nobody.
    const late = client.unary(pathOf("Get"), bytes("b"));
    if (peer.path === untypedPath) instance.send({ head: { callId: 1n, end: {} }, fragment: { data: bytes("A") } });
    else instance.reply(1, "Get", bytes("A"));
    instance.call.halfClose();
    bed.router.run();
    expect(text(call.messages[0]?.bytes)).toBe("A");
    expect(late.status?.code).toBe(14);
    expect(instance.call.status?.code).toBe(0);
    // And does not come back with it.
    const again = bed.stranger(peer);
    if (peer.path === untypedPath) again.hello({}, ["Get"], false);
    bed.router.run();
    expect(again.call.status).toMatchObject({
      code: 16,
      message: "The credential users is no longer valid (CREDENTIAL_EXPIRED). Register again with a new one",
      details: { errorInfo: { reason: "CREDENTIAL_EXPIRED" } },
    });
  });

  test("ends what has not ended when the grace is over", () => {
    const bed = new CredentialBed(expiring);
    const instance = bed.instance({ metadata: bearer(token) });
    const { client } = bed.router.connect();
    pass(bed, instance, 3_590_000);
    const call = client.unary(pathOf("Get"), bytes("a"));
    pass(bed, instance, 10_000 + DRAIN_GRACE_MS + 2_000);
    expect(call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "INSTANCE_LOST" } } });
    expect(instance.call.status).toMatchObject({
      code: 16,
      details: { errorInfo: { reason: "CREDENTIAL_EXPIRED" } },
    });
  });

  test("does so with a certificate also where no credentials are asked for", () => {
    const bed = new CredentialBed("none");
    const instance = bed.instance({ identities: ["spiffe://acme/users"], identitiesUntilMs: inAnHourMs });
    pass(bed, instance, 3_602_000);
    expect(drains(instance)).toMatchObject([{ reason: "CREDENTIAL_EXPIRED" }]);
  });

  test("and a token sooner than the certificate beside it", () => {
    const bed = new CredentialBed(expiring);
    const peer = { identities: ["spiffe://acme/users"], identitiesUntilMs: inAnHourMs * 2 };
    const instance = bed.instance({ ...peer, metadata: bearer(token) });
    const other = bed.instance({ ...peer, hello: { instanceId: "two" } });
    for (let second = 0; second < 3_602; second += 2) {
      pass(bed, instance, 2_000);
      other.control({ kind: { case: "pong", value: {} } });
    }
    expect(drains(instance)).toHaveLength(1);
    expect(drains(other)).toHaveLength(0);
  });

  test("is noticed when the clock is set, too", () => {
    const bed = new CredentialBed(expiring);
    const instance = bed.instance({ metadata: bearer(token) });
    bed.setClock(inAnHourMs);
    bed.router.scheduler.advance(500);
    expect(drains(instance)).toHaveLength(1);
  });
});

describe("other credentials", () => {
  const others: readonly [string, readonly CredentialSettings[]][] = [
    ["without it", [third]],
    ["without its token", [{ ...users, tokens: [] }, third]],
    ["with another token", [{ ...users, tokens: [{ value: "a-new-token-a-new-token" }] }, third]],
    ["with its token ended", [{ ...users, tokens: [{ value: token, expires: "1970-01-01T00:00:00Z" }] }, third]],
    ["for other services", [{ ...users, services: ["acme.other.*"] }, third]],
    ["under another name", [{ ...users, name: "somebody" }, third]],
  ];
  test.each(others)("%s drain its channels, whose calls finish, and no other", (_name, list) => {
    const bed = new CredentialBed();
    const withdrawn = bed.instance({ metadata: bearer(token) });
    const { client } = bed.router.connect();
    const open = client.start(pathOf("Chat"));
    open.send(bytes("a"));
    bed.router.run();
    const untouched = bed.instance({ identities: ["third.acme.example"], hello: { instanceId: "two" } });
    expect(bed.router.core.setCredentials(list)).toBe(1);
    bed.router.run();
    expect(bed.router.core.setCredentials(list)).toBe(0);
    expect(drains(withdrawn)).toMatchObject([{ reason: "CREDENTIAL_EXPIRED", lastCallId: 1n }]);
    expect(drains(untouched)).toEqual([]);
    const next = client.unary(pathOf("Get"), bytes("b"));
    bed.router.run();
    untouched.reply(1, "Get", bytes("B"));
    open.send(bytes("c"));
    open.halfClose();
    bed.router.run();
    expect(withdrawn.calls.map(({ payload }) => text(payload)).filter((part) => part !== "")).toEqual(["a", "c"]);
    withdrawn.reply(1, "Chat", bytes("A"));
    withdrawn.call.halfClose();
    bed.router.run();
    expect([open, next].map((call) => text(call.messages[0]?.bytes))).toEqual(["A", "B"]);
    expect([open, next, withdrawn.call].map((call) => call.status?.code)).toEqual([0, 0, 0]);
  });

  test("that still have it change nothing, however else they differ", () => {
    const bed = new CredentialBed();
    const byToken = bed.instance({ metadata: bearer(token) });
    const byName = bed.instance({ identities: ["spiffe://acme/users"], hello: { instanceId: "two" } });
    const list = [
      third,
      {
        name: "users",
        services: ["*"],
        tokens: [{ value: "a-new-token-a-new-token" }, { value: token }],
        certificates: ["a", "spiffe://acme/users"],
      },
    ];
    expect(bed.router.core.setCredentials(list)).toBe(0);
    bed.router.scheduler.advance(1_000);
    expect([byToken.controls, byName.controls]).toEqual([["welcome"], ["welcome"]]);
  });

  test("that end sooner hold for channels that are there", () => {
    const bed = new CredentialBed();
    const instance = bed.instance({ metadata: bearer(token) });
    expect(bed.router.core.setCredentials(expiring)).toBe(0);
    pass(bed, instance, 3_602_000);
    expect(drains(instance)).toHaveLength(1);
  });

  test("hold for a stream whose hello has not come yet", () => {
    const bed = new CredentialBed();
    const slow = bed.stranger({ metadata: bearer(token) });
    bed.router.core.setCredentials([third]);
    slow.hello();
    bed.router.run();
    expect(slow.call.status?.details?.errorInfo?.reason).toBe("CREDENTIAL_INVALID");
  });

  test("let the id go to the credential that follows", () => {
    const bed = new CredentialBed();
    const before = bed.instance({ metadata: bearer(token) });
    bed.router.core.setCredentials([{ ...users, name: "users-2" }]);
    const after = bed.instance({ metadata: bearer(token), hello: { ordinal: 2n } });
    expect(after.welcome.epoch).toBe(2n);
    expect(drains(before)).toHaveLength(1);
    expect(bed.router.core.instances().map(({ principal, state }) => [principal, state])).toEqual([
      ["users", "draining"],
      ["users-2", "serving"],
    ]);
  });

  test("that are wrong are refused, and all stays as it was", () => {
    const bed = new CredentialBed();
    const instance = bed.instance({ metadata: bearer(token) });
    expect(() => bed.router.core.setCredentials([{ ...users, services: [] }])).toThrow(/services must be a list/);
    bed.router.run();
    expect(drains(instance)).toEqual([]);
    expect(bed.instance({ metadata: bearer(token), hello: { instanceId: "two" } }).welcome.epoch).toBe(2n);
  });

  test("need a router that began with some", () => {
    expect(() => new CredentialBed("none").router.core.setCredentials([users])).toThrow(
      "Cannot use credentials: the router must have had some from the start",
    );
  });
});
