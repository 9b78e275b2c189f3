// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import { openAmongRouters, type RoutersBed } from "../testing/routers-bed.suite.js";

const urlsOf = (bed: RoutersBed): string[] => [...new Set(bed.connection.routers().map(({ url }) => url))];
const stateOf = (bed: RoutersBed, url: string) => bed.connection.routers().find((one) => one.url === url)?.state;
const names = (channel: PeerChannel, ...addresses: string[]) =>
  channel.control({ case: "routers", value: { addresses } });

describe("RouterSet, addresses and routers that are not one to one", () => {
  describe("of which one has two addresses", () => {
    /** A names B and C, which are one router: C is left. */
    async function merged() {
      const bed = await openAmongRouters();
      bed.alias("http://c", "http://b");
      const a = await bed.welcome("http://a", { routers: ["http://b", "http://c"], routerId: "a" });
      for (const channel of bed.peer("http://b").channels) {
        channel.welcome({ routerId: "b", features: ["routers"], pingAfterMs: 1_000_000_000 });
        await bed.scheduler.settle();
      }
      expect(bed.said("same_router")).toEqual(["http://c is the same router as http://b: leaving the former"]);
      await bed.scheduler.advanceSettled(20_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://b"]);
      return { bed, a };
    }

    it("dials the one that it left when nobody names any more the one that it kept", async () => {
      const { bed, a } = await merged();
      names(a, "http://c");
      await bed.scheduler.advanceSettled(30_000);
      expect(bed.dialled).toEqual(["http://a", "http://b", "http://c", "http://c"]);
      await bed.scheduler.advanceSettled(30_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://c"]);
    });

    it("dials one that was named no more and is again, as it may be another router's by then", async () => {
      const { bed, a } = await merged();
      names(a, "http://b");
      await bed.scheduler.settle();
      bed.alias("http://c", "http://d");
      names(a, "http://b", "http://c");
      await bed.scheduler.settle();
      await bed.welcome("http://c", { routerId: "d" });
      expect(urlsOf(bed)).toEqual(["http://a", "http://b", "http://c"]);
      expect(stateOf(bed, "http://c")).toBe("registered");
    });
  });

  it("reaches two routers behind one address with two connections, and needs no other address for either", async () => {
    const bed = await openAmongRouters({ open: { connectionsPerRouter: 2 } });
    const routers = ["http://b", "http://c"];
    const welcomeAll = async (): Promise<void> => {
      for (const url of ["http://a", ...routers]) {
        for (const [index, channel] of bed.peer(url).channels.entries()) {
          if (channel.frames.length > 0 && !welcomed.has(channel)) {
            const routerId = url === "http://a" ? (routers[index % 2] ?? "") : url;
            channel.welcome({ routers, routerId, features: ["routers"], pingAfterMs: 1_000_000_000 });
          }
          welcomed.add(channel);
        }
      }
      await bed.scheduler.advanceSettled(100);
    };
    const welcomed = new Set<PeerChannel>();
    for (let round = 0; round < 3; round++) await welcomeAll();
    expect(bed.said("same_router")).toEqual([
      "http://b is the same router as http://a: leaving the former",
      "http://c is the same router as http://a: leaving the former",
    ]);
    await bed.scheduler.advanceSettled(40_000);
    expect(urlsOf(bed)).toEqual(["http://a"]);
    expect(bed.said("superseded")).toEqual([]);
  });
});
