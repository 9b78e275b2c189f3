// SPDX-License-Identifier: Apache-2.0
// Calls all four kinds of method through the router: `node dist/client.js [host:port]`.
import { UserClient } from "./user-client.js";

const client = new UserClient(process.argv[2] ?? "localhost:8080");
const show = (
  method: string,
  { servedBy, responses }: Awaited<ReturnType<UserClient["getUser" | "watchUsers" | "importUsers" | "syncUsers"]>>,
) => console.log(`${method} answered by ${servedBy}:`, responses);

show("GetUser", await client.getUser({ userId: "1" }));
show("WatchUsers", await client.watchUsers({ tenantId: "t1", limit: 3 }));
show(
  "ImportUsers",
  await client.importUsers([{ user: { userId: "4", name: "Barbara" } }, { user: { userId: "5", name: "Leslie" } }]),
);
show("SyncUsers", await client.syncUsers([{ user: { userId: "6", name: "Donald" } }]));
client.close();
