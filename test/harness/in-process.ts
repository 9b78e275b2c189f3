// SPDX-License-Identifier: Apache-2.0
import type { ServiceImpl } from "@connectrpc/connect";
import type { Bridge, BridgeOptions, DialTlsOptions, LogLevel, ServeTls } from "@grpc-router/node";
import {
  createBridge,
  createRouter,
  dialRouter,
  type Logger,
  type RouterOptions,
  serveRouter,
} from "@grpc-router/node";
import { conformanceService } from "../conformance/conformance-service.ts";
import { conformanceServiceBridge } from "../conformance/gen/connectrpc/conformance/v1/service_bridge.ts";
import { conformanceServiceRouter } from "../conformance/gen/connectrpc/conformance/v1/service_router.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import type { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { testServiceRouter } from "../interop/gen/grpc/testing/test_router.ts";
import { testService } from "../interop/test-service.ts";

/** One line that the router or an instance logged. */
export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Lines that were logged, and a way to wait for one. */
export interface Log extends Logger {
  readonly lines: readonly LogLine[];
  /** The first line whose message matches, logged already or to come. @throws Error if none comes within 10 s. */
  until(pattern: RegExp): Promise<LogLine>;
}

/** Milliseconds that a line of a log may take. */
const LINE_WITHIN_MS = 10_000;

export interface InProcessOptions {
  readonly router?: RouterOptions;
  /** Instances to start, by id; each serves TestService with these methods over the standard ones. Default: one, `test-1`. */
  readonly instances?: Readonly<Record<string, Partial<ServiceImpl<typeof TestService>>>>;
  readonly maxMessageBytes?: number;
  /** Options of every instance. */
  readonly bridge?: Omit<BridgeOptions, "id">;
  /** The router speaks TLS; `dial` is what instances know of it. */
  readonly tls?: { readonly serve: ServeTls; readonly dial: DialTlsOptions };
  /** Instances register on a listener of their own, over TLS; else where clients call. */
  readonly registrationTls?: { readonly serve: ServeTls; readonly dial: DialTlsOptions };
}

/** A router and instances inside the test's own process, over real sockets, so that coverage sees them. */
export async function startInProcess(options: InProcessOptions = {}) {
  const routerLog = createLog();
  const instanceLog = createLog();
  const { tls, registrationTls } = options;
  const router = createRouter(options.router ?? {})
    .service(testServiceRouter)
    .service(conformanceServiceRouter);
  const server = await serveRouter(router, {
    port: 0,
    logger: routerLog,
    tls: tls?.serve,
    registration: registrationTls && { port: 0, tls: registrationTls.serve },
  });
  const connections = new Map<string, ReturnType<typeof dialRouter>>();
  const bridges = new Map<string, Bridge>();

  /** Dials without waiting for the answer. */
  function dialInstance(
    id: string,
    methods: Partial<ServiceImpl<typeof TestService>> = {},
    url = server.registrationUrl,
  ) {
    const { maxMessageBytes, bridge: shared } = options;
    const limit = maxMessageBytes === undefined ? {} : { maxMessageBytes };
    const bridge = createBridge({ ...shared, ...limit, id })
      .service(testServiceBridge, { ...testService, ...methods })
      .service(conformanceServiceBridge, conformanceService);
    const connection = dialRouter(bridge, {
      url,
      logger: instanceLog,
      ...(url.startsWith("https:") ? { tls: (registrationTls ?? tls)?.dial } : {}),
    });
    connections.set(id, connection);
    bridges.set(id, bridge);
    return connection;
  }

  async function addInstance(id: string, methods: Partial<ServiceImpl<typeof TestService>> = {}) {
    const connection = dialInstance(id, methods);
    await connection.ready;
    return connection;
  }

  for (const [id, methods] of Object.entries(options.instances ?? { "test-1": {} })) await addInstance(id, methods);
  return {
    url: server.url,
    address: `${server.address.host}:${server.address.port}`,
    server,
    routerLog,
    instanceLog,
    dialInstance,
    addInstance,
    /** The bridge of an instance. */
    bridge(id: string): Bridge {
      const bridge = bridges.get(id);
      if (bridge === undefined) throw new Error(`Cannot find the bridge of ${id}`);
      return bridge;
    },
    async stop(): Promise<void> {
      for (const connection of connections.values()) connection.close();
      await server.close();
    },
  };
}

export type InProcess = Awaited<ReturnType<typeof startInProcess>>;

/** Creates a log that keeps what it is told. */
export function createLog(): Log {
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  return {
    lines,
    log(level, event, message, fields = {}) {
      const line = { level, event, message, fields };
      lines.push(line);
      for (const listener of listeners) listener(line);
    },
    until(pattern) {
      const known = lines.find(({ message }) => pattern.test(message));
      if (known !== undefined) return Promise.resolve(known);
      const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
      const listener = (line: LogLine) => {
        if (pattern.test(line.message)) resolve(line);
      };
      listeners.add(listener);
      const timer = setTimeout(() => {
        const told = lines.map(({ message }) => message).join("\n");
        reject(new Error(`nothing like ${pattern} was logged within ${LINE_WITHIN_MS} ms:\n${told}`));
      }, LINE_WITHIN_MS);
      return promise.finally(() => {
        clearTimeout(timer);
        listeners.delete(listener);
      });
    },
  };
}
