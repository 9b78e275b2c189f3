// SPDX-License-Identifier: Apache-2.0
// Keys and tokens are in nothing that people print: logs of all levels, traces of frames, answers, dumps of objects.

import { inspect } from "node:util";
import { createRouter, createSystemdNotifier, dialRouter, serveAdmin, serveRouter } from "@grpc-router/node";
import { createSelfSigned } from "@grpc-router/testing";
import { expect, it } from "vitest";
import { bridge, noteServiceRouter } from "./module/note-modules.suite.js";

const dump = (value: unknown): string => inspect(value, { depth: 30, showHidden: true, maxArrayLength: 1_000 });

it("nothing that people print has a key or a token in it", async () => {
  const { cert, key } = createSelfSigned();
  const tokens = [
    "a-token-of-instances-0123456789",
    "a-token-of-strangers-0123456789",
    "a-token-of-operators-0123456789",
  ];
  const [token = "", wrong = "", adminToken = ""] = tokens;
  const printed: string[] = [];
  const logger = { log: (...entry: readonly unknown[]) => void printed.push(dump(entry)) };
  const credentials = [{ name: "all", services: ["*"], tokens: [{ value: token }] }];
  const router = createRouter({ registration: { credentials } }).service(noteServiceRouter);
  const trace = (line: string) => void printed.push(line);
  const server = await serveRouter(router, { host: "127.0.0.1", port: 0, tls: { cert, key }, logger, trace });
  const admin = await serveAdmin(server, { port: 0, token: adminToken, tls: { cert, key }, logger });
  const dial = (shown: string) =>
    dialRouter(bridge, {
      url: server.url,
      tls: { ca: cert, cert, key },
      token: shown,
      logger,
      id: `with-${shown.length}`,
    });
  const [known, stranger] = [dial(token), dial(wrong)];
  await known.ready;
  stranger.ready.catch(() => {}); // it is refused, and closed below
  server.reloadCertificates({ cert, key });
  admin.reloadCertificates({ cert, key });
  server.reloadCredentials(credentials);
  for (const one of [server, admin]) expect(() => one.reloadCertificates({ cert: key, key })).toThrow();
  expect(() => server.reloadCertificates({ cert, key: `${key.slice(0, 120)}\n` })).toThrow();
  const notifier = createSystemdNotifier({ logger, env: { NOTIFY_SOCKET: "/nowhere", PATH: "/nowhere" } });
  printed.push(dump({ router, server, admin, known, stranger, notifier, instances: server.instances() }));
  await known.drain({ timeoutMs: 1_000 });
  stranger.close();
  await admin.close();
  await server.drain({ timeoutMs: 1_000 });

  const text = printed.join("\n");
  expect(text, "the trace has shown where a token was").toMatch(/authorization: \(\d+ octets\)/);
  const body = key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const secrets = [...tokens, ...body, ...tokens.map((one) => Buffer.from(one).toString("base64"))];
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
});
