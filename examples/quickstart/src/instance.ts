// SPDX-License-Identifier: Apache-2.0
import { createBridge, dialRouter } from "@grpc-router/node";
import { userServiceBridge } from "./gen/acme/user/v1/user_bridge.js";
import { createUserService } from "./user-service.js";

const id = process.env.INSTANCE_ID ?? `users-${process.pid}`;
const bridge = createBridge({ id }).service(userServiceBridge, createUserService(id));
const connection = dialRouter(bridge, { url: process.env.ROUTER_URL ?? "http://localhost:8080" });
process.once("SIGTERM", () => void connection.drain({ timeoutMs: 5_000 }));
await connection.ready;
console.log(`registered ${id} pid ${process.pid}`);
