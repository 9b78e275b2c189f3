// SPDX-License-Identifier: Apache-2.0
// `npm start`: the router and its instances as processes of their own, and calls of all four kinds through it.
import { callAll } from "./start/calls.js";
import { anyFreePort, isFree } from "./start/free-port.js";
import { readOptions, type StartOptions } from "./start/options.js";
import { type Program, startProgram } from "./start/program.js";
import { Tally } from "./start/tally.js";
import { UserClient } from "./user-client.js";

const HOST = "127.0.0.1";
const ROUND_EVERY_MS = 200;
const LINE_EVERY_MS = 1_000;

const say = (who: string, what: string) => console.log(`${who.padEnd(10)} ${what}`);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Events of the log that people should see; the rest is in what is printed here anyway. */
const sayTrouble = (who: string) => (line: string) => {
  if (/ (warn|error) /.test(line)) say(who, line);
};

let code = 1;
try {
  code = await start(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
}
process.exit(code); // and with it every program that is left

async function start(asked: StartOptions): Promise<number> {
  const options = asked.port === 0 ? { ...asked, port: await anyFreePort() } : asked;
  const programs: Program[] = [];
  const interrupted = untilInterrupted();
  const address = `${HOST}:${options.port}`;
  const client = new UserClient(address);
  try {
    const router = await startRouter(options);
    programs.push(router.program);
    const instances = await Promise.race([startInstances(options), endOf(router.program)]);
    programs.push(...instances.values());
    console.log(`ready ${address} pid ${router.program.pid}`);
    const failures = await firstCalls(client, instances);
    if (options.once) return failures === 0 ? 0 : 1;
    tellWhatNext(address, router.adminUrl, instances);
    return await keepCalling(client, { router: router.program, instances, interrupted });
  } finally {
    client.close();
    await Promise.all(programs.map((program) => program.stop()));
  }
}

async function endOf(router: Program): Promise<never> {
  throw new Error(`The router is gone (${await router.gone})`);
}

/** Resolves on Ctrl-C, and when whoever started this is gone (npm's shell does not pass signals on). */
function untilInterrupted(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    setInterval(() => {
      if (process.ppid !== parent) resolve();
    }, 500).unref();
  });
}

async function startRouter({ port }: StartOptions): Promise<{ program: Program; adminUrl: string }> {
  if (!(await isFree(port))) {
    throw new Error(
      `Cannot start the router on ${HOST}:${port}: the port is in use. Choose another one: npm start -- --port ${port + 10}`,
    );
  }
  // The admin API sits beside; if somebody else is there, anywhere else.
  let adminPort = port + 1;
  if (adminPort > 65_535 || !(await isFree(adminPort))) adminPort = await anyFreePort();
  const program = await startProgram({
    name: "router",
    env: { PORT: `${port}`, ADMIN_PORT: `${adminPort}` },
    ready: /^ready /,
    onError: sayTrouble("router"),
  });
  say("router", `listening on http://localhost:${port} (pid ${program.pid})`);
  return { program, adminUrl: `http://${HOST}:${adminPort}` };
}

async function startInstances({ port, instances: count }: StartOptions): Promise<Map<string, Program>> {
  const ids = Array.from({ length: count }, (_, index) => `users-${index + 1}`);
  const programs = await Promise.all(
    ids.map((id) =>
      startProgram({
        name: "instance",
        env: { INSTANCE_ID: id, ROUTER_URL: `http://${HOST}:${port}` },
        ready: /^registered /,
        onError: sayTrouble(id),
      }),
    ),
  );
  const instances = new Map<string, Program>();
  ids.forEach((id, index) => {
    const program = programs[index];
    if (program === undefined) return;
    instances.set(id, program);
    say("instance", `${id} registered acme.user.v1.UserService (4 methods, pid ${program.pid})`);
  });
  return instances;
}

/** One call of each kind, then more until every instance has been seen; returns how many went wrong. */
async function firstCalls(client: UserClient, instances: ReadonlyMap<string, Program>): Promise<number> {
  let failures = 0;
  const seen = new Set<string>();
  const isIdle = (id: string) => !seen.has(id);
  // Who is picked is chance, so some may have to wait for their turn.
  for (let round = 0; round === 0 || ([...instances.keys()].some(isIdle) && round < 10 * instances.size); round++) {
    for await (const { method, request, response, servedBy, tookMs, error } of callAll(client)) {
      seen.add(servedBy);
      if (error !== undefined) {
        failures++;
        say("client", `${method} ${request} failed: ${error}`);
      } else if (round === 0) {
        say("client", `${method} ${request} → ${response}   ${servedBy}, ${tookMs.toFixed(1)} ms`);
      }
    }
  }
  const idle = [...instances.keys()].filter(isIdle);
  if (idle.length > 0) say("client", `no call reached ${idle.join(", ")}`);
  return failures + idle.length;
}

function tellWhatNext(address: string, adminUrl: string, instances: ReadonlyMap<string, Program>): void {
  const path = "acme.user.v1.UserService/GetUser";
  const admin = adminUrl.endsWith(":8081") ? "" : ` --admin ${adminUrl}`;
  const victim = [...instances].at(-1);
  const last =
    victim === undefined ? "" : `\n  kill -9 ${victim[1].pid}    # ${victim[0]}: the calls go on with the others`;
  console.log(`
Try, in another terminal:
  grpcurl -plaintext -d '{"userId":"1"}' ${address} ${path}
  npx buf curl --http2-prior-knowledge --protocol grpc -d '{"userId":"1"}' http://${address}/${path}
  npx grpc-router call http://${address}/${path} -d '{"userId":"1"}'
  npx grpc-router instances${admin}${last}
Press Ctrl-C to stop.
`);
}

interface Running {
  readonly router: Program;
  readonly instances: Map<string, Program>;
  readonly interrupted: Promise<void>;
}

/** Calls until somebody presses Ctrl-C, one line a second; 1 if the router ends by itself. */
async function keepCalling(client: UserClient, { router, instances, interrupted }: Running): Promise<number> {
  const tally = new Tally();
  let code: number | undefined;
  void interrupted.then(() => {
    code = 0;
  });
  void router.gone.then((how) => {
    if (how === "SIGINT") code ??= 0; // Ctrl-C reaches all processes of a terminal
    if (code !== undefined) return;
    say("router", `is gone (${how})`);
    code = 1;
  });
  for (const [id, program] of instances) {
    void program.gone.then((how) => {
      instances.delete(id);
      if (code === undefined)
        say("instance", `${id} is gone (${how}); left: ${[...instances.keys()].join(", ") || "none"}`);
    });
  }
  let lineMs = performance.now();
  while (code === undefined) {
    for await (const outcome of callAll(client)) tally.add(outcome);
    if (performance.now() - lineMs >= LINE_EVERY_MS) {
      lineMs = performance.now();
      say("live", tally.take());
    }
    await Promise.race([sleep(ROUND_EVERY_MS), interrupted]);
  }
  return code;
}
