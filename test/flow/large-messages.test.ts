// SPDX-License-Identifier: Apache-2.0
// A large message passes the router in slices; it is never held there as a whole.
import * as grpc from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { noMemory, watchPeak } from "../harness/memory.ts";
import { startStack } from "../harness/stack.ts";

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 64 * MIB;
const LIMIT_BYTES = 80 * MIB;
/** What the router may grow by for 64 MiB each way; most of it is V8's young generation. */
const GROWTH_BYTES = 16 * MIB;

test.skipIf(noMemory !== undefined)(
  `64 MiB both ways leave the router as it was${noMemory ? `, skipped: ${noMemory}` : ""}`,
  { timeout: 30_000 },
  async () => {
    const stack = await startStack({
      services: ["faults"],
      maxRequestBytes: LIMIT_BYTES,
      maxResponseBytes: LIMIT_BYTES,
    });
    const client = createFaultClient(`${stack.host}:${stack.port}`, {
      "grpc.max_receive_message_length": LIMIT_BYTES,
      "grpc.max_send_message_length": LIMIT_BYTES,
    });
    const exchange = (size: number) =>
      client.run({ name: `${size} bytes`, payload: new Uint8Array(size), reportBytes: size });
    for (let count = 0; count < 20; count++) await exchange(MIB); // warm: what the router needs anyway is there
    const grown = watchPeak(stack.router.pid);
    const outcome = await exchange(MESSAGE_BYTES);
    const growth = grown();
    console.log(`64 MiB both ways: router +${(growth / MIB).toFixed(1)} MiB`);
    expect(outcome.code, outcome.details).toBe(grpc.status.OK);
    expect(outcome.messages[0]?.receivedBytes).toBe(BigInt(MESSAGE_BYTES));
    expect(outcome.messages[0]?.payload.length).toBe(MESSAGE_BYTES);
    expect(growth).toBeLessThan(GROWTH_BYTES);
    client.close();
    await stack.stop();
  },
);
