// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { decodeStatusDetails, type StatusDetails } from "@grpc-router/protocol";
import { type CallOptions, createGrpcJsClient, type Outcome } from "../clients/grpc-js-client.ts";
import { FaultService, type Order, OrderSchema, type Report } from "./gen/faults/v1/faults_pb.ts";

/** What an instance shall do. */
export type OrderInit = MessageInitShape<typeof OrderSchema>;

const { method } = FaultService;

/** A grpc-js client of the fault service. */
export function createFaultClient(address: string, options: grpc.ClientOptions = {}) {
  const { client, call, start, close } = createGrpcJsClient(address, options);
  const order = (init: OrderInit) => create(OrderSchema, init);
  const whole = (init: OrderInit, desc: typeof method.watch | typeof method.watchAgain, more?: CallOptions) => {
    const call = follow(start(desc, more));
    call.send(init);
    call.end();
    return call;
  };
  const open = (init: OrderInit, desc: typeof method.collect | typeof method.converse, more?: CallOptions) => {
    const call = follow(start(desc, more));
    call.send(init);
    return call;
  };
  return {
    client,
    close,
    run: (init: OrderInit, more?: CallOptions) => call(method.run, [order(init)], more),
    repeat: (init: OrderInit, more?: CallOptions) => call(method.repeat, [order(init)], more),
    watch: (init: OrderInit, more?: CallOptions) => whole(init, method.watch, more),
    watchAgain: (init: OrderInit, more?: CallOptions) => whole(init, method.watchAgain, more),
    collect: (init: OrderInit, more?: CallOptions) => open(init, method.collect, more),
    converse: (init: OrderInit, more?: CallOptions) => open(init, method.converse, more),
  };
}

/** A streaming call under way. */
export type RunningCall = ReturnType<typeof follow>;

function follow({
  stream,
  outcome,
}: {
  readonly stream: grpc.ClientDuplexStream<Order, Report>;
  readonly outcome: Promise<Outcome<Report>>;
}) {
  const unread: Report[] = [];
  let reader: ((report: Report) => void) | undefined;
  stream.on("data", (report: Report) => {
    if (reader === undefined) unread.push(report);
    else reader(report);
    reader = undefined;
  });
  return {
    stream,
    outcome,
    /** The next report; rejects if the call ends without one. */
    next(): Promise<Report> {
      const report = unread.shift();
      if (report !== undefined) return Promise.resolve(report);
      const ended = outcome.then(({ code, details }) => {
        throw new Error(`the call ended with ${code} ${details}`);
      });
      const coming = new Promise<Report>((resolve) => {
        reader = resolve;
      });
      return Promise.race([coming, ended]);
    },
    send: (init: OrderInit) => void stream.write(create(OrderSchema, init)),
    end: () => void stream.end(),
  };
}

/** What the router says of a call that it ended. */
export function errorInfoOf(outcome: Pick<Outcome<unknown>, "trailer">): StatusDetails["errorInfo"] {
  const [bytes] = outcome.trailer.get("grpc-status-details-bin");
  return bytes === undefined ? undefined : decodeStatusDetails(bytes as Buffer)?.errorInfo;
}

/** Metadata of a call that waits for an instance. */
export function patient(): grpc.Metadata {
  const metadata = new grpc.Metadata();
  metadata.set("x-grpc-router-wait-for-ready", "true");
  return metadata;
}
