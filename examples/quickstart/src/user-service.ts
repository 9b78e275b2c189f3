// SPDX-License-Identifier: Apache-2.0
// An ordinary Connect implementation: nothing in it knows of a router.
import { EventEmitter, on } from "node:events";
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type User, UserSchema, type UserService } from "./gen/acme/user/v1/user_pb.js";

/** A user service with a few users in memory. `servedBy` goes into the header `x-served-by` of every response. */
export function createUserService(servedBy: string): ServiceImpl<typeof UserService> {
  const users = new Map<string, User>();
  const changes = new EventEmitter().setMaxListeners(0);
  for (const [userId, name] of Object.entries({ 1: "Ada", 2: "Grace", 3: "Edsger" })) {
    users.set(userId, create(UserSchema, { userId, name, tenantId: "t1" }));
  }

  function store(user: User | undefined): User {
    if (user === undefined || user.userId === "")
      throw new ConnectError("user.user_id is missing", Code.InvalidArgument);
    const stored = create(UserSchema, { ...user, updatedAt: timestampNow() });
    users.set(stored.userId, stored);
    changes.emit("change", stored);
    return stored;
  }

  const sign = (context: HandlerContext) => context.responseHeader.set("x-served-by", servedBy);

  return {
    getUser({ userId }, context) {
      sign(context);
      const user = users.get(userId);
      if (user === undefined) throw new ConnectError(`there is no user "${userId}"`, Code.NotFound);
      return { user };
    },

    async *watchUsers({ tenantId, limit }, context) {
      sign(context);
      let left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
      const updates = on(changes, "change", { signal: context.signal }); // listens from now on, so no change is missed
      for (const user of [...users.values()].filter((one) => one.tenantId === tenantId)) {
        if (left-- <= 0) return;
        yield { user, servedBy };
      }
      while (left > 0) {
        const { value } = await updates.next();
        const [user] = value as [User];
        if (user.tenantId !== tenantId) continue;
        left--;
        yield { user, servedBy };
      }
    },

    async importUsers(requests, context) {
      sign(context);
      let imported = 0;
      for await (const { user } of requests) {
        store(user);
        imported++;
      }
      return { imported };
    },

    async *syncUsers(requests, context) {
      sign(context);
      for await (const { user } of requests) yield { user: store(user) };
    },
  };
}
