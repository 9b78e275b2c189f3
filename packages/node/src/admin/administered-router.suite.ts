// SPDX-License-Identifier: Apache-2.0
// A router that runs, with instances, clients and its admin API, as operators meet it.

import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";
import { type Client, createClient, type ServiceImpl } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { createBridge } from "@grpc-router/bridge";
import { silentLogger } from "@grpc-router/protocol";
import { bridgeDesc, routerDesc } from "@grpc-router/protocol/codegenv1";
import { createRouter, EventRing, type RouterOptions } from "@grpc-router/runtime";
import { dialRouter } from "../dial/dial-router.js";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { CertificateBook } from "../metrics/certificate-book.js";
import { createNodeScheduler } from "../scheduler/node-scheduler.js";
import { createEngineStats } from "../serve/engine-stats.suite.js";
import { readPolicyStats } from "../serve/policy-stats.js";
import { type RouterServer, type ServeRouterOptions, serveRouter } from "../serve/serve-router.js";
import { type AdministeredServer, type AdminServer, type ServeAdminOptions, serveAdmin } from "./serve-admin.js";

export const taskServiceName = "test.v1.TaskService";

const text = {
  name: "text",
  number: 1,
  type: FieldDescriptorProto_Type.STRING,
  label: FieldDescriptorProto_Label.OPTIONAL,
};
const task = { inputType: ".test.v1.Task", outputType: ".test.v1.Task" };
const idempotent = { idempotencyLevel: MethodOptions_IdempotencyLevel.IDEMPOTENT };
const files = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "test/v1/task.proto",
    package: "test.v1",
    syntax: "proto3",
    messageType: [{ name: "Task", field: [text] }],
    service: [
      {
        name: "TaskService",
        method: [
          { name: "Run", ...task },
          { name: "Look", ...task, options: idempotent },
          { name: "Follow", ...task, serverStreaming: true },
        ],
      },
      // No frames: all messages travel as fragments.
      { name: "TaskServiceChannel" },
    ],
  }),
  () => undefined,
);
const service = descOf(taskServiceName);
const channel = descOf("test.v1.TaskServiceChannel");
const numbers = { run: 8, look: 9, follow: 10 };
const taskServiceRouter = routerDesc(service, channel, {
  run: { number: 8 },
  look: { number: 9 },
  follow: { number: 10 },
});

/** Everything of one router. */
export interface AdministeredRouter {
  readonly server: RouterServer;
  readonly admin: AdminServer;
  /** Of the admin API. */
  readonly client: Client<typeof AdminService>;
  /** Adds an instance; it leaves with `close`. */
  addInstance(id: string): Promise<{ close(): Promise<void> }>;
  /** A call that stays open until `release` or its signal; resolves with the id of the instance that ran it. */
  run(method: "run" | "look", signal?: AbortSignal): Promise<string>;
  /** Lets all open calls end. */
  release(): void;
  close(): Promise<void>;
}

/** Starts it with two instances, `tasks-1` and `tasks-2`. */
export async function startAdministeredRouter(
  options: { router?: RouterOptions; serve?: ServeRouterOptions; admin?: Omit<ServeAdminOptions, "port"> } = {},
): Promise<AdministeredRouter> {
  const router = createRouter(options.router).service(taskServiceRouter);
  const server = await serveRouter(router, { port: 0, logger: silentLogger, ...options.serve });
  const admin = await serveAdmin(server, { port: 0, ...options.admin });
  const sessions = [new Http2SessionManager(admin.url), new Http2SessionManager(server.url)] as const;
  const [adminTransport, transport] = sessions.map((sessionManager) =>
    createGrpcTransport({ baseUrl: sessionManager.authority, sessionManager }),
  );
  if (adminTransport === undefined || transport === undefined) throw new Error("both transports are made above");
  const tasks = createClient(service, transport) as unknown as TaskClient;
  const waiting = new Set<() => void>();
  const instances = new Set<{ close(): Promise<void> }>();
  const answerAs =
    (id: string) =>
    (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<Task>((resolve) => {
        const end = (): void => {
          waiting.delete(end);
          resolve({ text: id });
        };
        waiting.add(end);
        signal.addEventListener("abort", end);
      });
  const addInstance = async (id: string) => {
    const answer = answerAs(id);
    // Of a service without generated types nobody knows what implements it.
    const implementation = { run: answer, look: answer, follow: nothing } as unknown as Partial<
      ServiceImpl<DescService>
    >;
    const bridge = createBridge({ id }).service(bridgeDesc(service, channel, numbers), implementation);
    const connection = dialRouter(bridge, { url: server.url, logger: silentLogger });
    await connection.ready;
    const instance = { close: async () => void (await connection.close()) };
    instances.add(instance);
    return instance;
  };
  await Promise.all(["tasks-1", "tasks-2"].map(addInstance));
  return {
    server,
    admin,
    client: createClient(AdminService, adminTransport),
    addInstance,
    run: async (method, signal) => (await tasks[method]({ text: "" }, signal === undefined ? {} : { signal })).text,
    release: () => {
      for (const end of waiting) end();
    },
    close: async () => {
      for (const session of sessions) session.abort();
      await Promise.all([...instances].map((instance) => instance.close()));
      await admin.close();
      await server.close();
    },
  };
}

async function* nothing(): AsyncGenerator<Task> {}

interface Task {
  readonly text: string;
}

type TaskClient = Record<"run" | "look", (task: Task, options: { signal?: AbortSignal }) => Promise<Task>>;

/** A server that is only looked at; what a test does not give is that of a router without instances. */
export function createAdministeredServer(given: Partial<AdministeredServer> = {}): AdministeredServer {
  const core = createRouter().open({
    scheduler: createNodeScheduler(),
    random: () => 0,
    randomBytes: (count) => new Uint8Array(count),
    logger: silentLogger,
  });
  return {
    phase: "serving",
    instances: () => [],
    engineStats: createEngineStats,
    policyStats: () => readPolicyStats(core.routerCounters),
    inFlight: () => ({ calls: new Map(), channels: 0 }),
    operator: core.operator,
    events: new EventRing(10),
    certificateBook: new CertificateBook(),
    watch: () => () => {},
    connections: core.connectionBook,
    drain: async () => ({ callsCut: 0 }),
    ...given,
  };
}

function descOf(name: string): DescService {
  const desc = files.getService(name);
  if (desc === undefined) throw new Error(`The test's file must have ${name}`);
  return desc;
}
