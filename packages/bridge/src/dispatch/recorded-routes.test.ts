// SPDX-License-Identifier: Apache-2.0
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import { isBridgeError } from "../bridge-error.js";
import { opened, textOf, whole } from "../testing/bridge-bed.suite.js";
import { echoBridge, echoService, otherBridge, otherService } from "../testing/echo-service.suite.js";

const shouting: Interceptor = (next) => async (request) => {
  request.header.set("x-shout", "yes");
  return next(request);
};

describe("recordRoutes()", () => {
  it("plugs a routes function in: services, single methods, and their own interceptors", async () => {
    const seen: (string | null)[] = [];
    const routes = (router: ConnectRouter): void => {
      router
        .service(echoService, {
          say: ({ value }, { requestHeader }) => {
            seen.push(requestHeader.get("x-shout"));
            return { value };
          },
        })
        .rpc(
          echoService.method.list,
          async function* ({ value }, { requestHeader }) {
            seen.push(requestHeader.get("x-shout"));
            yield { value };
          },
          { interceptors: [] },
        );
    };
    const bridge = createBridge({ id: "echo-1", interceptors: [shouting] }).routes([echoBridge], routes);
    const { channel, scheduler } = await opened(bridge);
    expect(channel.hello.methods.map(({ name }) => name)).toEqual(["Say", "List"]);
    channel.send(whole(1, "say", "a"), whole(2, "list", "b"));
    await scheduler.settle();
    expect([channel.messagesOf(1), channel.messagesOf(2)].map((each) => each.map(textOf))).toEqual([["a"], ["b"]]);
    expect(seen).toEqual(["yes", null]);
  });

  it("keeps `this` of a class that implements the service", async () => {
    class Echo {
      readonly #suffix = "!";
      say({ value }: { value: string }): { value: string } {
        return { value: value + this.#suffix };
      }
    }
    const { channel, scheduler } = await opened(createBridge().service(echoBridge, new Echo()));
    channel.send(whole(1, "say", "hi"));
    await scheduler.settle();
    expect(channel.messagesOf(1).map(textOf)).toEqual(["hi!"]);
  });

  it("leaves services without a bridge out, and refuses a bridge without code", () => {
    const routes = (router: ConnectRouter): void => {
      router.service(otherService, { ping: () => ({}) } as never);
      expect(router.handlers).toEqual([]);
    };
    expect(() => createBridge().routes([otherBridge], routes)).not.toThrow();
    const refused = () => createBridge().routes([echoBridge], routes);
    expect(refused).toThrow(
      /Cannot bridge test.v1.EchoService: at least one method must be implemented, received none/,
    );
    expect(() => {
      try {
        refused();
      } catch (error) {
        if (isBridgeError(error)) throw new Error(error.code);
      }
    }).toThrow("INVALID_SERVICE");
  });
});
