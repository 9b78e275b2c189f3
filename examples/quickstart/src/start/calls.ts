// SPDX-License-Identifier: Apache-2.0
import type { Answer, UserClient } from "../user-client.js";

/** One call as it went. */
export interface Outcome {
  readonly method: string;
  /** The request, as people read it. */
  readonly request: string;
  /** The responses, as people read them; empty if the call failed. */
  readonly response: string;
  readonly servedBy: string;
  readonly tookMs: number;
  /** What was wrong; undefined if all was well. */
  readonly error: string | undefined;
}

const imports = [
  { userId: "4", name: "Barbara", tenantId: "t2" },
  { userId: "5", name: "Leslie", tenantId: "t2" },
];
const changes = [
  { userId: "6", name: "Donald", tenantId: "t2" },
  { userId: "7", name: "Frances", tenantId: "t2" },
];

/** Makes one call of each of the four kinds, one after the other. */
export async function* callAll(client: UserClient): AsyncGenerator<Outcome> {
  yield measure(
    "GetUser",
    '{"userId":"1"}',
    () => client.getUser({ userId: "1" }),
    ([first]) => {
      const { user } = expectValue(first, "a response");
      expectEqual(user?.name, "Ada");
      return `{"user":{"userId":"${user?.userId}","name":"${user?.name}"}}`;
    },
  );
  yield measure(
    "WatchUsers",
    '{"tenantId":"t1","limit":3}',
    () => client.watchUsers({ tenantId: "t1", limit: 3 }),
    (all) => {
      expectEqual(all.map(({ user }) => user?.name).join(), "Ada,Grace,Edsger");
      return `${all.length} messages`;
    },
  );
  yield measure(
    "ImportUsers",
    "2 messages",
    () => client.importUsers(imports.map((user) => ({ user }))),
    ([first]) => {
      const { imported } = expectValue(first, "a response");
      expectEqual(imported, imports.length);
      return `{"imported":${imported}}`;
    },
  );
  yield measure(
    "SyncUsers",
    "2 messages",
    () => client.syncUsers(changes.map((user) => ({ user }))),
    (all) => {
      expectEqual(all.map(({ user }) => user?.name).join(), "Donald,Frances");
      return `${all.length} messages`;
    },
  );
}

async function measure<Response>(
  method: string,
  request: string,
  call: () => Promise<Answer<Response>>,
  check: (responses: readonly Response[]) => string,
): Promise<Outcome> {
  const startMs = performance.now();
  const outcome = { method, request, response: "", servedBy: "", error: undefined };
  try {
    const { responses, servedBy } = await call();
    const tookMs = performance.now() - startMs;
    return { ...outcome, response: check(responses), servedBy, tookMs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...outcome, tookMs: performance.now() - startMs, error: reason };
  }
}

function expectValue<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`expected ${what}, received none`);
  return value;
}

function expectEqual<Value>(received: Value | undefined, expected: Value): void {
  if (received !== expected) throw new Error(`expected ${expected}, received ${received}`);
}
