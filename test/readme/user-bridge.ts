// SPDX-License-Identifier: Apache-2.0
// The module that the texts call ./dist/bridge.js.
import { createBridge } from "@grpc-router/node";
import { userServiceBridge } from "../../examples/quickstart/src/gen/acme/user/v1/user_bridge.ts";
import { createUserService } from "../../examples/quickstart/src/user-service.ts";

export const bridge = createBridge().service(userServiceBridge, createUserService("users-1"));
