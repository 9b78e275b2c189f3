// SPDX-License-Identifier: Apache-2.0
import {
  encodeMalformedFrames,
  loadMalformedVectors,
  type MalformedVector,
  malformedCodes,
} from "@grpc-router/testing/malformed-vectors";
import { RawFlag, RawType, rawPing } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { Path } from "../raw/orders.ts";
import type { RawConnection } from "../raw/raw-connection.ts";

/** Milliseconds for a target to react to a vector. */
const reactMs = 1_000;

/** The requests of the vectors, at a method whose calls the instance counts. */
const vectors = loadMalformedVectors()
  .filter(({ role }) => role === "server")
  .map(atCountedMethod);

/**
 * Malformed requests, by which one program's request becomes another's behind it: pseudo-fields twice, late, missing or
 * unknown, upper case, CR, LF and NUL, fields of HTTP/1.1, a content-length that lies. None may reach the instance.
 */
export const attack = defineAttack<{ rounds: number }>({
  id: "A22",
  name: "Malformed requests",
  cves: [],
  sizes: { quick: { rounds: 1 }, full: { rounds: 20 } },
  repeats: false,
  async run(context, { rounds }) {
    const { began } = await context.instance();
    const malformed = vectors.filter(({ reaction }) => reaction === "stream");
    let right = 0;
    for (let round = 0; round < rounds; round++) {
      for (const vector of malformed) if (await isRefused(context, vector)) right++;
    }
    await context.sleep(100);
    const ran = (await context.instance()).began - began;
    // Frames behind a whole request end the connection, after the request itself has gone its way.
    const behind = vectors.filter(({ reaction }) => reaction === "connection");
    for (const vector of behind) if (await isRefused(context, vector)) right++;
    context.check("no malformed request reaches the instance", ran === 0, ran);
    return `${right} of ${rounds * malformed.length + behind.length} refused as RFC 9113 says, ${ran} reached the instance`;
  },
  async counter(context) {
    const good = vectors.filter(({ reaction }) => reaction === "accept");
    let answered = 0;
    for (const vector of good) {
      const connection = await send(context, vector);
      await connection.until(() => connection.count(RawType.headers) > 0, reactMs);
      const holds = !connection.over && connection.count(RawType.headers) > 0 && (connection.resets.get(1) ?? 0) === 0;
      context.check(`${vector.name} is answered`, holds, connection.resets.get(1));
      if (holds) answered++;
      connection.destroy();
    }
    return `${answered} of ${good.length} unusual but well-formed requests answered`;
  },
});

async function isRefused(context: AttackContext, vector: MalformedVector): Promise<boolean> {
  const connection = await send(context, vector);
  // The answer to the PING says that all before it has been looked at.
  const isLooked = () =>
    connection.frames.some(({ type, flags }) => type === RawType.ping && (flags & RawFlag.ack) !== 0);
  await connection.until(() => isLooked() || connection.goaway !== undefined, reactMs);
  const wanted = vector.code && malformedCodes[vector.code];
  const code = vector.reaction === "stream" ? connection.resets.get(1) : connection.goaway?.code;
  const holds = code === wanted && (vector.reaction === "connection" || !connection.over);
  const seen = `RST ${connection.resets.get(1) ?? "none"}, GOAWAY ${connection.goaway?.code ?? "none"}`;
  context.check(`${vector.name}: ${vector.reaction} error ${vector.code}`, holds, seen);
  connection.destroy();
  return holds;
}

async function send(context: AttackContext, vector: MalformedVector): Promise<RawConnection> {
  const connection = await context.open();
  connection.send(encodeMalformedFrames(vector), rawPing());
  return connection;
}

function atCountedMethod(vector: MalformedVector): MalformedVector {
  return {
    ...vector,
    frames: vector.frames.map((frame) =>
      frame.type === "DATA" ? frame : { ...frame, fields: frame.fields.map(([name, value]) => [name, counted(value)]) },
    ),
  };
}

/** The vectors' own method in whatever form it is written there, as the method that is counted. */
function counted(value: string): string {
  return value.replace("/grpc.testing.TestService/EmptyCall", Path.run);
}
