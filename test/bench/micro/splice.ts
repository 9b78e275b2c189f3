// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "@grpc-router/http2";
import { CallHeadFields, FrameView, readFrame, writeCallFrame } from "@grpc-router/protocol";
import type { Operation } from "./operation.ts";

const memberNumber = 219_876;
const fields = new CallHeadFields();
fields.callId = 4_711;

/** A message put behind the prefix that makes it a frame, and a frame's parts found again. */
export const spliceOperations: readonly Operation[] = [7, 1_024, 16_000].flatMap((payloadBytes) => {
  const payload = new Uint8Array(payloadBytes).fill(1);
  const target = new Uint8Array(payloadBytes + 64);
  const view = new FrameView();
  const write = () => {
    const at = writeCallFrame(target, 0, fields, memberNumber, payloadBytes);
    copyBytes(payload, 0, payloadBytes, target, at);
    return at + payloadBytes;
  };
  const end = write();
  return [
    {
      name: `splice: a message of ${payloadBytes} octets into a frame`,
      run(count: number) {
        let sum = 0;
        for (let index = 0; index < count; index++) sum += write();
        return sum;
      },
    },
    {
      name: `splice: a frame of ${payloadBytes} octets read`,
      run(count: number) {
        let sum = 0;
        // The gRPC prefix of five octets is not part of the frame.
        for (let index = 0; index < count; index++) sum += readFrame(target, 5, end, view) + view.payloadStart;
        return sum;
      },
    },
  ];
});
