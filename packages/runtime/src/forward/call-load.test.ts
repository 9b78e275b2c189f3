// SPDX-License-Identifier: Apache-2.0
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeBinaryValue } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { createSelector } from "../balance/selector.js";
import { createTiers } from "../balance/tiers.js";
import { createWeightedRoundRobin } from "../balance/weighted-round-robin.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes } from "../test-kit/text.suite.js";

const trailer = "endpoint-load-metrics-bin";

/** An encoded report of this utilisation by the application. */
const report = new BinaryWriter().tag(9, WireType.Bit64).double(0.75).finish();

const byLoad = () => createWeightedRoundRobin({ useLoadReports: true });

/** A router whose one instance ends a call with this value of the trailer. */
function setUp(options: TestRouterOptions, value: string, code = 0) {
  const router = new TestRouter(options);
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  instance.control({ kind: { case: "load", value: { rps: 5, eps: 1 } } });
  router.run();
  router.scheduler.advance(1_000);
  const call = client.unary(pathOf("Get"), bytes("a"));
  router.run();
  const others = [{ name: "x-a", value: bytes("1") }];
  instance.end(1, { code, trailers: [...others, { name: trailer, value: bytes(value) }, ...others] });
  router.run();
  const names = call.trailers?.map(([name]) => name) ?? [];
  return { load: router.core.instances()[0]?.load, names, status: call.status, channel: instance.call };
}

const valid = encodeBinaryValue(report);

describe("a call that reports its instance's load", () => {
  it.each([
    ["asks", byLoad()],
    ["asks behind a selector", createSelector({ labels: {}, child: byLoad() })],
    ["asks behind tiers", createTiers({ label: "tier", child: byLoad() })],
  ])("updates what is known of it where the balancer %s", (_name, balance) => {
    const { load } = setUp({ balance }, valid);
    expect(load).toMatchObject({ applicationUtilization: 0.75, rps: 5, eps: 1 });
  });

  it("counts if it failed, too", () => {
    expect(setUp({ balance: byLoad() }, valid, 13).load?.applicationUtilization).toBe(0.75);
  });

  it.each([
    ["the default", undefined],
    ["weights as stated", createWeightedRoundRobin()],
  ])("changes nothing where no balancer asks: %s", (_name, balance) => {
    expect(setUp(balance === undefined ? {} : { balance }, valid).load).toMatchObject({
      applicationUtilization: 0,
      rps: 5,
    });
  });

  it.each([
    ["is no base64", "?"],
    ["is no report", encodeBinaryValue(Uint8Array.of(0x08, 0x01))],
    ["is empty", ""],
  ])("changes nothing if it %s", (_name, value) => {
    const { load, status, channel } = setUp({ balance: byLoad() }, value);
    expect(load).toMatchObject({ applicationUtilization: 0, rps: 5 });
    expect([status?.code, channel.status]).toEqual([0, undefined]);
  });

  it.each([0, 13])("passes through to clients by default, of code %d", (code) => {
    expect(setUp({}, valid, code).names).toContain(trailer);
  });

  it.each([0, 13])("stays inside with forwardLoadReports: false, of code %d", (code) => {
    const { names, load } = setUp({ forwardLoadReports: false, balance: byLoad() }, valid, code);
    expect(names).not.toContain(trailer);
    expect(names.filter((name) => name === "x-a")).toHaveLength(2);
    expect(load?.applicationUtilization).toBe(0.75);
  });
});
