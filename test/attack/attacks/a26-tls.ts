// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing/seeded-random";
import { type AttackContext, defineAttack } from "../attack.ts";
import { fuzzClientHello, recordClientHello } from "../raw/client-hello.ts";
import { startOpensslClient } from "../raw/openssl-client.ts";
import { Path } from "../raw/orders.ts";
import { tally } from "../raw/reaction.ts";

/** Key updates that a connection may do in good faith in a moment. */
const honestUpdates = 20;
/** Milliseconds for a connection without progress in its handshake to be told so, or left alone. */
const helloMs = 200;

interface Size {
  readonly hellos: number;
  readonly updates: number;
}

/**
 * What TLS lets a peer ask for again and again: a renegotiation (TLS 1.2), which RFC 9113 section 9.2.1 forbids; key updates
 * (TLS 1.3), each of which costs two derivations and an answer; and hellos with server names that make callbacks throw.
 */
export const attack = defineAttack<Size>({
  id: "A26",
  name: "TLS renegotiation, key updates, names",
  cves: ["CVE-2026-21637"],
  sizes: { quick: { hellos: 300, updates: 10_000 }, full: { hellos: 20_000, updates: 100_000 } },
  settings: { quick: { tls: true }, full: { tls: true } },
  limits: ["tlsOverheadBytes"],
  repeats: false,
  async run(context, { hellos, updates }) {
    const renegotiation = await renegotiate(context);
    const flood = await floodKeyUpdates(context, updates);
    const fuzzed = await fuzzNames(context, hellos);
    return `renegotiation: ${renegotiation}; key updates: ${flood}; hellos: ${fuzzed}`;
  },
  async counter(context) {
    const openssl = await startOpensslClient(context.address, ["-tls1_3"]);
    for (let update = 0; update < honestUpdates; update++) {
      await openssl.type("K\n");
      await context.sleep(10);
    }
    const stayed = !(await openssl.until(() => openssl.over, 3_000));
    context.check(`${honestUpdates} key updates do not cut`, stayed);
    await openssl.stop();
    const client = await context.client();
    const { status } = await client.call({ path: Path.echo });
    context.check("a TLS client is served", status === 0, status);
    return `${honestUpdates} key updates in a row`;
  },
});

async function renegotiate(context: AttackContext): Promise<string> {
  const openssl = await startOpensslClient(context.address, ["-tls1_2"]);
  const verified = () => openssl.output.split("verify return").length;
  const before = verified();
  await openssl.type("R\n");
  await openssl.until(() => openssl.over || verified() > before || /no renegotiation/i.test(openssl.output), 3_000);
  const renegotiated = verified() > before;
  context.check("a renegotiation does not happen", !renegotiated);
  context.check("and ends the connection", await openssl.until(() => openssl.over, 2_000));
  const reaction = renegotiated ? "done" : openssl.over ? "closed" : "refused";
  await openssl.stop();
  return reaction;
}

async function floodKeyUpdates(context: AttackContext, updates: number): Promise<string> {
  const openssl = await startOpensslClient(context.address, ["-tls1_3"]);
  const count = () => openssl.output.split("KEYUPDATE").length - 1;
  // One at a time: of several lines in a read the program takes only the first for a command.
  for (let sent = 0; sent < updates && (await openssl.type("K\n")); sent++) {
    if (!(await openssl.until(() => openssl.over || count() > sent, 1_000))) break;
  }
  const closed = await openssl.until(() => openssl.over, 5_000);
  const done = count();
  context.check("a flood of key updates ends the connection", closed && done < updates, `${done} done`);
  await openssl.stop();
  return closed && done < updates ? `closed after ${done}` : `all ${done} served`;
}

async function fuzzNames(context: AttackContext, count: number): Promise<string> {
  const hello = await recordClientHello();
  const seed = Math.floor(performance.now()) >>> 0;
  const random = createSeededRandom(seed);
  const answers: string[] = [];
  const atOnce = 20;
  for (let done = 0; done < count; done += atOnce) {
    const batch = Array.from({ length: atOnce }, async () => {
      const connection = await context.open({ begin: "tcp" });
      connection.socket.write(fuzzClientHello(hello, random));
      // An alert is no HTTP/2 frame, but its octets are counted.
      await connection.until(() => connection.receivedBytes > 0, helloMs);
      answers.push(connection.receivedBytes > 0 ? "answered" : connection.over ? "closed" : "waiting");
      connection.destroy();
    });
    await Promise.all(batch);
  }
  const client = await context.client();
  const { status } = await client.call({ path: Path.echo });
  context.check("TLS clients are served after it", status === 0, `${status}, seed ${seed}`);
  return tally(answers);
}
