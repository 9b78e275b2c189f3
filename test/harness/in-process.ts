// SPDX-License-Identifier: Apache-2.0
import type { ServiceImpl } from "@connectrpc/connect";
import type { LogLevel } from "@grpc-router/node";
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

export interface InProcessOptions {
  readonly router?: RouterOptions;
  /** Instances to start, by id; each serves TestService with these methods over the standard ones. Default: one, `test-1`. */
  readonly instances?: Readonly<Record<string, Partial<ServiceImpl<typeof TestService>>>>;
  readonly maxMessageBytes?: number;
}

/** A router and instances inside the test's own process, over real sockets, so that coverage sees them. */
export async function startInProcess(options: InProcessOptions = {}) {
  const logged: LogLine[] = [];
  const logger: Logger = {
    log(level, event, message, fields = {}) {
      logged.push({ level, event, message, fields });
    },
  };
  const router = createRouter(options.router ?? {})
    .service(testServiceRouter)
    .service(conformanceServiceRouter);
  const server = await serveRouter(router, { port: 0, logger });
  const url = `http://${server.address.host}:${server.address.port}`;
  const connections = new Map<string, ReturnType<typeof dialRouter>>();

  async function addInstance(id: string, methods: Partial<ServiceImpl<typeof TestService>> = {}) {
    const bridge = createBridge({
      id,
      ...(options.maxMessageBytes === undefined ? {} : { maxMessageBytes: options.maxMessageBytes }),
    })
      .service(testServiceBridge, { ...testService, ...methods })
      .service(conformanceServiceBridge, conformanceService);
    const connection = dialRouter(bridge, { url, logger });
    connections.set(id, connection);
    await connection.ready;
    return connection;
  }

  for (const [id, methods] of Object.entries(options.instances ?? { "test-1": {} })) await addInstance(id, methods);
  return {
    url,
    address: `${server.address.host}:${server.address.port}`,
    server,
    logged,
    addInstance,
    async stop(): Promise<void> {
      for (const connection of connections.values()) connection.close();
      await server.close();
    },
  };
}

export type InProcess = Awaited<ReturnType<typeof startInProcess>>;
