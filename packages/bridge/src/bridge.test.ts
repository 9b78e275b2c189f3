// SPDX-License-Identifier: Apache-2.0
import { Health_Status } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { createBridge } from "./bridge.js";
import { BridgeError } from "./bridge-error.js";
import { opened } from "./testing/bridge-bed.suite.js";
import { echoBridge, otherBridge } from "./testing/echo-service.suite.js";

const { SERVING, NOT_SERVING } = Health_Status;
const ECHO = "test.v1.EchoService";

/** A bridge of two services. */
function createTwo() {
  return createBridge({ id: "both" })
    .service(echoBridge, { say: ({ value }) => ({ value }) })
    .service(otherBridge, { ping: () => ({}) } as never);
}

/** What the router knows of each service, in the order of their channels. */
function healths({ peer }: Awaited<ReturnType<typeof opened>>) {
  return peer.channels.map((channel) => {
    const { status, note } = channel.controls("health").at(-1) ?? channel.hello.health ?? {};
    return [status, note];
  });
}

describe("Bridge.setServing()", () => {
  it("tells the router at once, of all services, and back", async () => {
    const bridge = createTwo();
    const bed = await opened(bridge);
    await bed.scheduler.advanceSettled(100);
    bridge.setServing(false, { note: "the database is away" });
    await bed.scheduler.settle();
    expect(healths(bed)).toEqual([
      [NOT_SERVING, "the database is away"],
      [NOT_SERVING, "the database is away"],
    ]);
    await bed.scheduler.advanceSettled(100);
    bridge.setServing(true);
    await bed.scheduler.settle();
    expect(healths(bed)).toEqual([
      [SERVING, ""],
      [SERVING, ""],
    ]);
  });

  it("tells it of one service alone", async () => {
    const bridge = createTwo();
    const bed = await opened(bridge);
    await bed.scheduler.advanceSettled(100);
    bridge.setServing(false, { service: ECHO });
    await bed.scheduler.settle();
    expect(healths(bed)).toEqual([
      [NOT_SERVING, ""],
      [SERVING, ""],
    ]);
  });

  it("goes into the hello of whoever is opened later, and of services that are added later", async () => {
    const bridge = createBridge({ id: "both" })
      .setServing(false, { note: "warming up" })
      .service(echoBridge, { say: ({ value }) => ({ value }) })
      .service(otherBridge, { ping: () => ({}) } as never)
      .setServing(true, { service: ECHO });
    const bed = await opened(bridge);
    expect(bed.peer.channels.map(({ hello }) => hello.health)).toMatchObject([
      { status: SERVING, note: "" },
      { status: NOT_SERVING, note: "warming up" },
    ]);
    expect(bed.channel.controls("health")).toEqual([]);
  });

  it("goes into the hello after a loss", async () => {
    const bridge = createTwo().setServing(false);
    const bed = await opened(bridge);
    bed.peer.connections[0]?.duplex.reset();
    bridge.setServing(true, { service: ECHO });
    await bed.scheduler.advanceSettled(31_000);
    const later = bed.peer.channels.slice(2).map(({ hello }) => [hello.service, hello.health?.status]);
    expect(later).toContainEqual([ECHO, SERVING]);
    expect(later.filter(([service]) => service !== ECHO).every(([, status]) => status === NOT_SERVING)).toBe(true);
  });

  it("says the last word of many, ten times a second at most", async () => {
    const bridge = createTwo();
    const bed = await opened(bridge);
    for (let count = 0; count < 1_001; count++) {
      bridge.setServing(count % 2 === 1, { note: `${count}` });
      await bed.scheduler.advanceSettled(1);
    }
    await bed.scheduler.advanceSettled(100);
    expect(healths(bed)).toEqual([
      [NOT_SERVING, "1000"],
      [NOT_SERVING, "1000"],
    ]);
    expect(bed.channel.controls("health").length).toBeLessThan(13);
  });

  it("says the first 256 characters of a note", async () => {
    const note = "x".repeat(70_000);
    const first = createBridge({ id: "first" }).setServing(false, { note });
    for (const bridge of [createTwo().setServing(false, { note }), first.service(echoBridge, { say: () => ({}) })]) {
      expect((await opened(bridge)).channel.hello.health?.note).toBe("x".repeat(256));
    }
  });

  it("is refused for a service that was not added", () => {
    const expected = `Cannot set the health of a service: it must be ${ECHO}, test.v1.OtherService, received "Echo"`;
    expect(() => createTwo().setServing(true, { service: "Echo" })).toThrow(expected);
    expect(() => createBridge().setServing(true, { service: ECHO })).toThrow(BridgeError);
  });
});
