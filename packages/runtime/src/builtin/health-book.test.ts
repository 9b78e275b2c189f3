// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createHealthBook } from "./health-book.js";

describe("createHealthBook()", () => {
  it("set() makes a service known, serving or not, and the router ready with the first that serves", () => {
    const book = createHealthBook();
    expect([book.ready, book.draining, book.services, book.isServing("a"), book.isServing("")]).toEqual([
      false,
      false,
      [],
      undefined,
      false,
    ]);
    book.set("a", false);
    expect([book.ready, book.services, book.isServing("a")]).toEqual([false, ["a"], false]);
    book.set("b", true);
    expect([book.ready, book.services, book.isServing("b"), book.isServing("")]).toEqual([
      true,
      ["a", "b"],
      true,
      true,
    ]);
    book.set("b", false);
    expect([book.ready, book.isServing("b")]).toEqual([false, false]);
  });

  it("remove() makes a service unknown again, tells those who watch, and the router may be ready no more", () => {
    const book = createHealthBook();
    const told: string[] = [];
    book.set("a", true);
    for (const service of ["a", ""]) book.watch(service, () => told.push(service));
    book.remove("a");
    book.remove("a");
    expect([told, book.isServing("a"), book.ready, book.services]).toEqual([["a", ""], undefined, false, []]);
    book.set("a", false);
    expect([told, book.isServing("a")]).toEqual([["a", "", "a"], false]);
  });

  it("drain() is for good: nothing serves, whatever comes", () => {
    const book = createHealthBook();
    book.set("a", true);
    book.drain();
    book.set("b", true);
    expect([book.ready, book.draining, book.isServing("a"), book.isServing("b"), book.isServing("")]).toEqual([
      false,
      true,
      false,
      false,
      false,
    ]);
  });

  it("watch() tells each change once, of its own service only", () => {
    const book = createHealthBook();
    const told: string[] = [];
    for (const service of ["a", "b", ""]) book.watch(service, () => told.push(service));
    book.set("a", false);
    book.set("a", false);
    expect(told.splice(0)).toEqual(["a"]);
    book.set("a", true);
    expect(told.splice(0)).toEqual(["a", ""]);
    book.set("b", true);
    expect(told.splice(0)).toEqual(["b"]);
    book.drain();
    book.drain();
    expect(told.splice(0)).toEqual(["a", "b", ""]);
    book.set("a", false);
    expect(told).toEqual([]);
  });

  it("watch() ends with the returned function, also from within a listener, and may be ended twice", () => {
    const book = createHealthBook();
    const told: string[] = [];
    const endFirst = book.watch("a", () => {
      told.push("first");
      endFirst();
    });
    const endSecond = book.watch("a", () => told.push("second"));
    book.set("a", true);
    book.set("a", false);
    endSecond();
    endSecond();
    book.watch("a", () => told.push("third"));
    endFirst();
    book.set("a", true);
    expect(told).toEqual(["first", "second", "second", "third"]);
  });
});
