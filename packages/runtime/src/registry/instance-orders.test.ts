// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { maxInstanceOrders } from "../limits.js";
import { InstanceOrders } from "./instance-orders.js";

const nobody = () => false;

describe("InstanceOrders", () => {
  it("change() adds to what was said, and takes back what is undefined", () => {
    const orders = new InstanceOrders();
    expect(orders.of("a")).toBeUndefined();
    orders.change("a", { weight: 5 }, nobody);
    orders.change("a", { withdrawnProcess: "p" }, nobody);
    expect(orders.of("a")).toEqual({ weight: 5, withdrawnProcess: "p" });
    orders.change("a", { weight: undefined }, nobody);
    expect(orders.of("a")).toEqual({ weight: undefined, withdrawnProcess: "p" });
    orders.change("a", { withdrawnProcess: undefined }, nobody);
    expect(orders.of("a")).toBeUndefined();
  });

  it("change() forgets the oldest orders of those who are gone when there are too many", () => {
    const orders = new InstanceOrders();
    const isLive = (id: string) => id === "0";
    for (let index = 0; index <= maxInstanceOrders; index++) orders.change(`${index}`, { weight: 1 }, isLive);
    expect([orders.of("0"), orders.of("1"), orders.of("2")]).toEqual([{ weight: 1 }, undefined, { weight: 1 }]);
  });
});
