// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RouterError } from "../router-error.js";
import { RouterList } from "./router-list.js";

describe("RouterList", () => {
  it.each([
    "http://localhost",
    "http://router-2.example:8080",
    "https://router.example/",
    "HTTPS://[2001:db8::1]:443",
    "http://10.0.0.1:65535",
  ])("takes %s", (address) => {
    expect(new RouterList([address]).addresses).toEqual([address]);
  });

  it.each([
    "localhost:8080",
    "grpc://localhost",
    "http://",
    "http://me:secret@host",
    "http://host:0",
    "http://host:65536",
    "http://host/path",
    "http://host?query",
    "http://host name",
    "http://-host",
    "unix:/run/router",
    `http://${"a".repeat(260)}`,
  ])("refuses %s, and keeps the list that it has", (address) => {
    const list = new RouterList(["http://a"]);
    expect(() => list.set(["http://b", address])).toThrow(RouterError);
    expect(() => list.set([address])).toThrow(/must each be http:\/\/host:port or https:\/\/host:port, received /);
    expect(list.addresses).toEqual(["http://a"]);
  });

  it("takes 16 different ones, not more", () => {
    const many = Array.from({ length: 17 }, (_, index) => `http://router-${index}`);
    expect(new RouterList([...many.slice(0, 16), "http://router-3"]).addresses).toHaveLength(16);
    expect(() => new RouterList(many)).toThrow("Cannot name further routers: routers must be at most 16, received 17");
  });

  it("set() says whether anything has changed", () => {
    const list = new RouterList(["http://a", "http://b"]);
    expect(list.set(["http://a", "http://b", "http://a"])).toBe(false);
    expect(list.set(["http://b"])).toBe(true);
    expect(list.set([])).toBe(true);
  });
});
