// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import type { LocalCall, LocalCallHandler, LocalService } from "./local-service.js";

/** A call of a local service as a test makes it. */
export interface RecordedCall extends LocalCall {
  /** Set it to make the service wait. */
  busy: boolean;
  readonly messages: readonly Uint8Array[];
  /** Code and text of `end`; undefined while the call is open. */
  readonly status: readonly [code: number, message: string] | undefined;
  readonly handler: LocalCallHandler;
  /** The responses, decoded. */
  decoded<Schema extends DescMessage>(schema: Schema): MessageShape<Schema>[];
}

/** Starts a call as the forwarder does, and fails where a service breaks the contract of `LocalCall`. */
export function startRecordedCall(service: LocalService, methodName: string): RecordedCall {
  const method = service.desc.methods.find(({ name }) => name === methodName);
  if (method === undefined) throw new Error(`no method ${methodName}`);
  const messages: Uint8Array[] = [];
  let status: [number, string] | undefined;
  const port = {
    busy: false,
    send(message: Uint8Array) {
      if (status !== undefined) throw new Error("send() after end()");
      if (port.busy) throw new Error("send() while busy");
      messages.push(message.slice());
    },
    end(code: number, message: string) {
      if (status !== undefined) throw new Error("end() twice");
      status = [code, message];
    },
  };
  const handler = service.start(method, port);
  return Object.defineProperties(port, {
    messages: { value: messages },
    handler: { value: handler },
    status: { get: () => status },
    decoded: { value: (schema: DescMessage) => messages.map((message) => fromBinary(schema, message)) },
  }) as unknown as RecordedCall;
}
