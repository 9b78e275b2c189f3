// SPDX-License-Identifier: Apache-2.0
import { createRouter, serveAdmin, serveRouter } from "@grpc-router/node";
import { userServiceRouter } from "./gen/acme/user/v1/user_router.js";

const router = createRouter().service(userServiceRouter);
const server = await serveRouter(router, { port: Number(process.env.PORT ?? 8080) });
const admin = await serveAdmin(server, { port: Number(process.env.ADMIN_PORT ?? 8081) }); // for: npx grpc-router instances
process.once("SIGTERM", () => void server.drain({ timeoutMs: 5_000 }).then(() => admin.close()));
console.log(`ready ${server.address.host}:${server.address.port} pid ${process.pid}`);
