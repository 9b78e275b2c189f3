// SPDX-License-Identifier: Apache-2.0
// Clients that do not speak HTTP/2, or not as this port does, and what they show their users.
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../harness/certificate.ts";
import { runProcess } from "../harness/processes.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const tls = createCertificate();
/** A refusal that takes longer than this is no refusal but a time limit. */
const promptMs = 3_000;
const missing = missingTool("curl");

let encrypted: RouterProcess;
let plain: RouterProcess;
beforeAll(async () => {
  [encrypted, plain] = await Promise.all([startRouter({ tls }), startRouter()]);
});
afterAll(async () => {
  await Promise.all([encrypted?.stop(), plain?.stop()]);
});

describe.skipIf(missing !== undefined)(`curl${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  const curl = async (...args: string[]) => {
    const startedMs = performance.now();
    const { stdout, stderr } = await runProcess(requireTool("curl"), ["-sS", "-w", "\n%{http_code}", ...args]);
    expect(performance.now() - startedMs).toBeLessThan(promptMs);
    return `${stdout}\n${stderr}`;
  };

  test("HTTP/1.1 in plain text to a TLS port is told to write https", async () => {
    expect(await curl(`http://${encrypted.address}/`)).toMatch(/over TLS only.*Write https:\/\/\n\n400\n$/s);
    await encrypted.untilLine(/the peer must speak TLS, it sent plain text \(HTTP\/1\)/);
  });

  test("HTTP/1.1 over TLS without ALPN is told what this port speaks", async () => {
    const answer = await curl("--no-alpn", "--cacert", tls.cert, `https://${encrypted.address}/`);
    expect(answer).toMatch(/^This port speaks HTTP\/2 only, as gRPC does.*\n\n505\n$/s);
    await encrypted.untilLine(/the peer must choose h2 by ALPN, it sent no ALPN/);
  });

  test("HTTP/1.1 by ALPN gets the alert no_application_protocol", async () => {
    expect(await curl("--http1.1", "--cacert", tls.cert, `https://${encrypted.address}/`)).toMatch(
      /alert no application protocol|no_application_protocol|SEC_E_|handshake fail/i,
    );
    await encrypted.untilLine(/the peer must offer h2 by ALPN, it offered other protocols/);
  });

  test("HTTP/1.1 to a plain port is told what this port speaks", async () => {
    expect(await curl(`http://${plain.address}/`)).toMatch(/^This port speaks HTTP\/2 only.*\n\n505\n$/s);
    await plain.untilLine(/the client speaks HTTP\/1\.x, this port speaks HTTP\/2 only/);
  });

  test("HTTP/2 over TLS and with prior knowledge is served", async () => {
    const live = await curl("--http2", "--cacert", tls.cert, `https://${encrypted.address}/live`);
    expect(live).toMatch(/\n200\n$/);
    expect(await curl("--http2-prior-knowledge", `http://${plain.address}/live`)).toMatch(/\n200\n$/);
  });
});

describe("octets of neither", () => {
  test.each([
    { what: "random ones to a TLS port", port: () => encrypted.port, log: /sent plain text \(an unknown protocol\)/ },
    { what: "random ones to a plain port", port: () => plain.port, log: /the client's first octets are not HTTP\/2/ },
  ])("$what are refused at once, and logged", async ({ port, log }) => {
    const startedMs = performance.now();
    const socket = connect(port(), "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.write(Buffer.from("9a1c4ee2706d0b9a1c4ee2706d0b9a1c4ee2706d0b9a1c4ee2", "hex"));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(performance.now() - startedMs).toBeLessThan(promptMs);
    const { untilLine } = port() === plain.port ? plain : encrypted;
    await untilLine(log);
  });

  test("TLS to a plain port is refused at once, and logged", async () => {
    const startedMs = performance.now();
    const socket = connectTls({ host: plain.host, port: plain.port, ALPNProtocols: ["h2"] });
    socket.on("error", () => {}).resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(performance.now() - startedMs).toBeLessThan(promptMs);
    await plain.untilLine(/the client speaks TLS, this port does not/);
  });
});
