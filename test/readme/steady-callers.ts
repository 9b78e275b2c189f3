// SPDX-License-Identifier: Apache-2.0
import * as grpc from "@grpc/grpc-js";

/** Clients that call all the time and count what fails. */
export interface SteadyCallers {
  /** Calls that have ended with OK. */
  readonly done: number;
  /** What went wrong, in words. */
  readonly failures: readonly string[];
  /** Resolves after `count` more calls of each caller that stays, and as many as that on connections of their own. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** How long a call may take, in milliseconds: as long as clients wait that want an answer. */
const TIMEOUT_MS = 10_000;
/** Failures that are kept: the first ones tell most. */
const MAX_FAILURES = 10;

/**
 * Calls `path` at `target`, whose certificate is for localhost, with `request` over TLS: two callers on one connection each that stays, and one that connects
 * anew for each call. There is no policy of retries: a call that does not end with OK is a failure, and only what no router has
 * seen is sent again, by gRPC itself (gRFC A6, transparent retries).
 */
export function startSteadyCallers(
  target: string,
  { path, request, ca }: { readonly path: string; readonly request: Buffer; readonly ca: Buffer },
): SteadyCallers {
  const failures: string[] = [];
  const done = [0, 0, 0];
  let stopped = false;
  const connect = () =>
    new grpc.Client(target, grpc.credentials.createSsl(ca), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.ssl_target_name_override": "localhost",
      "grpc.default_authority": "localhost",
    });
  const asBytes = (bytes: Buffer) => bytes;
  const call = (client: grpc.Client, who: number): Promise<void> =>
    new Promise((resolve) => {
      const options = { deadline: Date.now() + TIMEOUT_MS };
      client.makeUnaryRequest(path, asBytes, asBytes, request, new grpc.Metadata(), options, (error) => {
        done[who] = (done[who] ?? 0) + 1;
        if (error !== null && failures.length < MAX_FAILURES)
          failures.push(`caller ${who}, call ${done[who]}: ${error.message}`);
        resolve();
      });
    });
  const loops = done.map(async (_, who) => {
    let client = connect();
    while (!stopped) {
      await call(client, who);
      if (who === 2) {
        client.close();
        client = connect();
      }
      // A call every few milliseconds tells as much as one after the other, and leaves the processor to what is tested.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    client.close();
  });
  return {
    get done() {
      return done.reduce((sum, count) => sum + count, 0) - failures.length;
    },
    failures,
    async more(count) {
      const goals = done.map((now) => now + count);
      while (!stopped && done.some((now, who) => now < (goals[who] ?? 0))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}
