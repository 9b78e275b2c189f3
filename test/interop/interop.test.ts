// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

// The test cases of grpc-go's interop client (google.golang.org/grpc/interop/client), installed as `grpc-go-interop`.
const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
];
const missing = missingTool("grpc-go-interop");

describe.skipIf(missing !== undefined)(
  `gRPC interop client of Go${missing === undefined ? "" : `, skipped: ${missing}`}`,
  () => {
    let stack: Stack;
    beforeAll(async () => {
      stack = await startStack({ services: ["test"] });
    });
    afterAll(() => stack?.stop());

    test.each(cases)("%s", async (name) => {
      const args = [`--server_host=${stack.host}`, `--server_port=${stack.port}`, `--test_case=${name}`];
      const { code, stderr } = await runProcess(requireTool("grpc-go-interop"), args);
      expect(code, stderr).toBe(0);
    });
  },
);
