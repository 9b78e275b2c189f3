// SPDX-License-Identifier: Apache-2.0
// Ordinary clients in two implementations of gRPC, which make the same calls and tell the same of them.
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { FaultService, OrderSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import { startProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

/** A call to make. */
export interface PolicyCall {
  readonly method: "Run" | "Repeat" | "Watch" | "WatchAgain";
  /** Of the call, in what servers print. */
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds from now. Default: none. */
  readonly deadlineMs?: number;
}

/** What a call came to. */
export interface Answer {
  readonly code: grpc.status;
  readonly details: string;
  readonly reports: readonly { readonly instance: string; readonly attemptsBefore: number }[];
  /** Metadata of the header, by name. */
  readonly header: Readonly<Record<string, readonly unknown[]>>;
  readonly tookMs: number;
}

export interface PolicyClient {
  call(call: PolicyCall): Promise<Answer>;
  close(): Promise<void>;
}

/** Which implementation of gRPC a client or a server is written with. */
export type Kind = "grpc-js" | "grpc-go";

const missingGo = missingTool("policy-peer");

/** The kinds, each with the title of its tests, which says why they are skipped if they are. */
export const peers: readonly { readonly kind: Kind; readonly title: string; readonly isMissing: boolean }[] = [
  { kind: "grpc-js", title: "grpc-js", isMissing: false },
  {
    kind: "grpc-go",
    title: missingGo === undefined ? "grpc-go" : `grpc-go, skipped: ${missingGo}`,
    isMissing: missingGo !== undefined,
  },
];

/** Starts a client; `serviceConfig` is gRPC's, as it would come from name resolution. */
export function startClient(kind: Kind, address: string, serviceConfig: object = {}): Promise<PolicyClient> {
  const config = JSON.stringify(serviceConfig);
  return kind === "grpc-js" ? Promise.resolve(grpcJsClient(address, config)) : grpcGoClient(address, config);
}

function grpcJsClient(address: string, serviceConfig: string): PolicyClient {
  const { call, close } = createGrpcJsClient(address, { "grpc.service_config": serviceConfig });
  return {
    async call({ method, name, metadata = {}, deadlineMs }) {
      const fields = new grpc.Metadata();
      for (const [field, value] of Object.entries(metadata)) fields.set(field, value);
      const startedMs = performance.now();
      const { code, details, messages, header } = await call(methods[method], [create(OrderSchema, { name })], {
        metadata: fields,
        ...(deadlineMs === undefined ? {} : { options: { deadline: Date.now() + deadlineMs } }),
      });
      return {
        code,
        details,
        reports: messages.map(({ instance, attemptsBefore }) => ({ instance, attemptsBefore })),
        header: Object.fromEntries(Object.keys(header?.getMap() ?? {}).map((key) => [key, header?.get(key) ?? []])),
        tookMs: performance.now() - startedMs,
      };
    },
    close: async () => close(),
  };
}

const methods = {
  Run: FaultService.method.run,
  Repeat: FaultService.method.repeat,
  Watch: FaultService.method.watch,
  WatchAgain: FaultService.method.watchAgain,
} as const;

/** `go/policy-peer` as a client: a line for each call, a line for each answer. */
async function grpcGoClient(address: string, serviceConfig: string): Promise<PolicyClient> {
  const open = new Map<number, (answer: Answer) => void>();
  let lastId = 0;
  const process = await startProcess(requireTool("policy-peer"), {
    args: ["-client", address, "-service-config", serviceConfig],
    ready: /^ready /,
    input: true,
    onLine(line) {
      if (!line.startsWith("answer ")) return;
      const { id, ...answer }: Answer & { id: number } = JSON.parse(line.slice("answer ".length));
      open.get(id)?.(answer);
      open.delete(id);
    },
  });
  return {
    call(call) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      open.set(++lastId, resolve);
      process.write(JSON.stringify({ id: lastId, ...call }));
      return promise;
    },
    close: () => process.stop(),
  };
}
