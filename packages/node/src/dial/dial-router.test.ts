// SPDX-License-Identifier: Apache-2.0

import { createServer } from "node:net";
import { type BridgeConnection, type BridgeOverrides, type BridgePorts, createBridge } from "@grpc-router/bridge";
import { silentLogger } from "@grpc-router/protocol";
import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { checkDialOptions, type DialRouterOptions, dialRouter } from "./dial-router.js";

/** What `dialRouter` hands to the bridge. */
function dial(options: DialRouterOptions): {
  readonly ports: BridgePorts;
  readonly overrides: BridgeOverrides | undefined;
} {
  const opened: { ports: BridgePorts; overrides: BridgeOverrides | undefined }[] = [];
  const connection: BridgeConnection = {
    ready: Promise.resolve(),
    closed: Promise.resolve(),
    drain: async () => {},
    openCalls: () => new Map(),
    callsCut: 0,
    close: () => {},
    setCapacity: () => {},
    routers: () => [],
  };
  const bridge = {
    open: (ports: BridgePorts, overrides?: BridgeOverrides) => {
      opened.push({ ports, overrides });
      return connection;
    },
  };
  expect(dialRouter(bridge, options)).toBe(connection);
  const [first] = opened;
  if (first === undefined) throw new Error("the bridge was not opened");
  return first;
}

describe("dialRouter()", () => {
  it("gives the bridge clock, chance, bytes, gzip and digest", () => {
    const { ports } = dial({ url: "http://localhost:8080", logger: silentLogger });
    expect(ports.url).toBe("http://localhost:8080");
    expect(ports.randomBytes(16).length).toBe(16);
    expect(Buffer.from(ports.sha256?.(Buffer.from("")) ?? []).toString("hex")).toMatch(/^e3b0c44298fc1c14/);
    expect(ports.inflate).toBeDefined();
    expect(ports.measureLoad).toBeDefined();
    expect(Number(ports.incarnation)).toBeGreaterThan(1_700_000_000_000);
  });

  it("hands on what replaces the options of the code", () => {
    const replaced = { id: "users-2", capacity: 5, labels: { zone: "b" }, weight: 7 };
    expect(dial({ url: "https://localhost", logger: silentLogger, ...replaced }).overrides).toEqual(replaced);
  });

  it("asks for the token with each registration, and hands none on without one", () => {
    let count = 0;
    const { ports, overrides } = dial({ url: "http://localhost", logger: silentLogger, token: () => `t${++count}` });
    expect([ports.token?.(), ports.token?.(), overrides]).toEqual(["t1", "t2", {}]);
    expect(dial({ url: "https://a", logger: silentLogger, token: "t" }).ports.token?.()).toBe("t");
    expect(dial({ url: "http://a", logger: silentLogger }).ports.token).toBeUndefined();
  });

  it("sends no token in plain text to another machine unless it is told to", () => {
    const exposed = { url: "http://router.example", logger: silentLogger, token: "t" };
    expect(() => dial(exposed)).toThrow(expect.objectContaining({ code: "TOKEN_EXPOSED" }));
    expect(dial({ ...exposed, allowPlaintextToken: true }).ports.token?.()).toBe("t");
  });

  it("takes several routers, and those that they name", () => {
    const url = ["http://localhost:8080", "https://b.example", "HTTP://LOCALHOST:8080/"];
    const { ports, overrides } = dial({ url, logger: silentLogger, connectionsPerRouter: 2, followRouters: false });
    expect(ports.url).toBe("http://localhost:8080");
    expect(ports.furtherRouters?.map((router) => router.url)).toEqual(["https://b.example", "http://localhost:8080"]);
    expect(overrides).toEqual({ connectionsPerRouter: 2, followRouters: false });
    expect(ports.endpoint?.("HTTPS://c.example:443/").url).toBe("https://c.example");
    expect(() => ports.endpoint?.("c.example")).toThrow("its URL must start with http:// or https://");
  });

  it("shows its token to nobody in plain text, whoever names it", () => {
    const { ports } = dial({ url: "https://a.example", token: "secret", logger: silentLogger });
    expect(() => ports.endpoint?.("http://b.example")).toThrow("with a token its URL must be https://");
    expect(ports.endpoint?.("https://b.example").url).toBe("https://b.example");
    const open = dial({ url: "https://a.example", token: "secret", allowPlaintextToken: true, logger: silentLogger });
    expect(open.ports.endpoint?.("http://b.example").url).toBe("http://b.example");
  });

  it("takes certificates where one of the URLs needs them", () => {
    const url = ["http://localhost", "https://localhost"];
    expect(dial({ url, tls: { servername: "a" }, logger: silentLogger }).ports.furtherRouters).toHaveLength(1);
  });

  it("dials what the URL says", async () => {
    const server = createServer((peer) => peer.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { ports } = dial({ url: `https://localhost:${port}`, logger: silentLogger });
    const error = await new Promise<Error>((resolve, reject) => {
      ports.dial({ failed: resolve, connected: () => reject(new Error("connected")) as never });
    });
    expect(error.message).toBe(`Cannot reach router https://localhost:${port}: the peer closed the connection`);
    server.close();
  });

  it.each([
    [{ url: "localhost:8080" }, "must start with http:// or https://"],
    [{ url: [] }, "Cannot dial the router: url must have a URL, received none"],
    [{ url: ["http://localhost", "b"] }, "must start with http:// or https://"],
    [
      { url: ["http://a", "http://b"], tls: { servername: "a" } },
      "with tls its URL must be https://, received http://a",
    ],
    [{ url: "https://localhost", tls: { ca: "/no.pem" } }, "Cannot read tls.ca from /no.pem"],
    [
      { url: "http://localhost", tls: { servername: "a" } },
      "with tls its URL must be https://, received http://localhost",
    ],
    [{ url: "http://far.example", token: "secret" }, "with a token its URL must be https://"],
  ])("refuses %o", (options, message) => {
    expect(() => dial(options)).toThrow(message);
    expect(() => checkDialOptions(options)).toThrow(message);
  });
});

describe("checkDialOptions()", () => {
  const url = "http://localhost";
  it.each([
    [{ url, id: "a b" }, 'id must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received "a b"'],
    [{ url, capacity: -1 }, "capacity must be a whole number from 0"],
    [{ url, labels: { "": "x" } }, "labels must be names of 1 to 63"],
    [{ url, weight: 0.5 }, "weight must be a whole number"],
  ])("refuses %o, as the bridge would", (options, message) => {
    expect(() => checkDialOptions(options)).toThrow(message);
    expect(() => dialRouter(createBridge(), options)).toThrow(message);
  });

  it("takes what can be", () => {
    const pem = createSelfSigned();
    expect(() =>
      checkDialOptions({ url: ["https://a", url], tls: pem, id: "a", capacity: 1, labels: { a: "b" } }),
    ).not.toThrow();
  });
});
