// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  joinBytes,
  RawType,
  rawFrame,
  rawHeaders,
  rawLiterals,
  rawSettings,
  rawWindowUpdate,
} from "@grpc-router/testing/raw-http2";
import { loadRefusalVectors } from "@grpc-router/testing/refusal-vectors";
import { createSeededRandom } from "@grpc-router/testing/seeded-random";
import { startProcess } from "../../harness/processes.ts";
import { type AttackContext, defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { frameOf, type HostileInstance, hostilePath, registerHostile } from "../raw/hostile-instance.ts";
import type { RawCallResult } from "../raw/raw-client.ts";
import { openRawServer } from "../raw/raw-server.ts";
import { repeatBytes } from "../raw/repeat-bytes.ts";

const dialerProgram = fileURLToPath(new URL("../processes/dialer-process.ts", import.meta.url));

/** What an instance does with a call open, and why its channel may end then (docs/channel.md section 8); none: by its own doing. */
interface Crime {
  readonly name: string;
  readonly reasons: readonly string[];
  commit(instance: HostileInstance, callId: bigint): Promise<unknown>;
}

/** The method that calls are made to, in every hello. */
const bidiNumber = 173_444;
const acceptedFirst = { callId: 0n, acceptedThrough: 1n } as const;

const crimes: readonly Crime[] = [
  {
    name: "replies beyond the credit",
    reasons: ["CREDIT_EXCEEDED"],
    commit: (instance, callId) => instance.push(repeatBytes(frameOf({ callId }, member(new Uint8Array(16_000))), 30)),
  },
  {
    name: "100,000 pings",
    reasons: ["CONTROL_FLOOD"],
    commit: (instance) =>
      instance.push(repeatBytes(frameOf({ control: { kind: { case: "ping", value: { token: 7n } } } }), 100_000)),
  },
  {
    name: "100,000 empty frames",
    reasons: ["CONTROL_FLOOD"],
    commit: (instance, callId) => instance.push(repeatBytes(frameOf({ callId }), 100_000)),
  },
  {
    name: "a call that nobody made",
    reasons: ["CALL_UNKNOWN"],
    commit: (instance) => instance.push(frameOf({ callId: 99n, end: { code: 0 } })),
  },
  {
    name: "a frame of 4 GiB",
    reasons: ["FRAME_TOO_LARGE"],
    commit: (instance) => instance.push(new Uint8Array([0, 0xff, 0xff, 0xff, 0xff, 1])),
  },
  {
    name: "trailers while calls are open",
    reasons: ["INSTANCE_DRAINING"],
    commit: async ({ connection }) => connection.send(rawHeaders(1, rawLiterals([["x-early", "1"]]), true)),
  },
  {
    name: "a second head",
    reasons: ["RST(1)"],
    commit: async ({ connection }) => connection.send(rawHeaders(1, rawLiterals([[":status", "103"]]))),
  },
  {
    name: "RST_STREAM",
    reasons: [],
    commit: async ({ connection }) => connection.send(rawFrame(RawType.rstStream, [0, 0, 0, 8], { streamId: 1 })),
  },
];

/**
 * An instance that registers as it should and then turns on the router: floods of replies and of control, wrong ids, octets
 * beyond its credit, frames that are none. Its channel ends with the reason that the specification names, the calls that it
 * had end with a status, and the victim's instance does not notice.
 */
export const attack = defineAttack<{ garbage: number }>({
  id: "A29",
  name: "Hostile instance",
  cves: [],
  sizes: { quick: { garbage: 20 }, full: { garbage: 500 } },
  repeats: false,
  unfit: {
    "node-http2": "it has no instances that register",
    haproxy: "it has no instances that register",
    envoy: "it has no instances that register",
  },
  async run(context, { garbage }) {
    let right = 0;
    const { vectors } = loadRefusalVectors();
    const refusals = vectors.filter(({ direction }) => direction === "reply");
    for (const { name, frames, reason } of refusals) {
      const commit = (instance: HostileInstance) => instance.push(joinBytes(...frames));
      // A client without window takes nothing, so no credit returns while the frames come.
      const windowBytes = reason === "CREDIT_EXCEEDED" ? 0 : 65_535;
      if (await isEnded(context, { name, reasons: [reason], commit }, windowBytes)) right++;
    }
    for (const crime of crimes) if (await isEnded(context, crime)) right++;
    const seed = Math.floor(performance.now());
    const random = createSeededRandom(seed);
    for (let count = 0; count < garbage; count++) {
      const name = `garbage (seed ${seed})`;
      const commit = (instance: HostileInstance) => instance.push(random.randomBytes(1 + random.integer(2_000)));
      await isEnded(context, { name, reasons: [], commit });
    }
    const storm = await stormOfInterimResponses(context);
    const total = refusals.length + crimes.length;
    return `${right} of ${total} channels ended with the named reason; ${garbage} times garbage; ${storm}`;
  },
  async counter(context) {
    const instance = await registerHostile(context);
    const client = await context.client();
    const call = client.call({ path: hostilePath.bidi });
    await instance.connection.until(() => instance.calls.length > 0, 2_000);
    instance.reply({ callId: 1n, acceptedThrough: 1n }, member(new Uint8Array(10_000)));
    instance.reply({ callId: 1n, end: { code: 0 } });
    const { status, dataBytes } = await call;
    context.check("the same instance, as long as it behaves, is served", status === 0 && dataBytes === 10_005, status);
    const ended = await instance.ended(200);
    context.check("and keeps its channel", ended === undefined, ended);
    return "a raw instance that behaves answers calls";
  },
});

/** Registers, opens a call to it, commits the crime, and tells whether channel and call ended as they must. */
async function isEnded(
  context: AttackContext,
  { name, reasons, commit }: Crime,
  windowBytes = 65_535,
): Promise<boolean> {
  const instance = await registerHostile(context);
  const client = await context.client({ windowBytes });
  const call = client.call({ path: hostilePath.bidi, cancelAfterMs: 5_000 });
  await instance.connection.until(() => instance.calls.length > 0, 2_000);
  instance.reply(acceptedFirst);
  await commit(instance, 1n);
  const ended = await instance.ended();
  if (reasons.length === 0 && ended === undefined) instance.connection.destroy();
  if (windowBytes === 0) client.connection.send(rawWindowUpdate(1, 1_000_000));
  const result = await call;
  const right = reasons.length === 0 || (ended !== undefined && reasons.includes(ended));
  context.check(`${name}: the channel ends with ${reasons.join(" or ")}`, right, ended);
  context.check(`${name}: the call ends with a status`, hasStatus(result), result.how);
  client.close();
  instance.connection.destroy();
  return right;
}

function hasStatus({ how, status }: RawCallResult): boolean {
  return how === "answered" && !Number.isNaN(status) && status !== 0;
}

/** The other way round: a server that answers an instance's Register with nothing but 103. */
async function stormOfInterimResponses(context: AttackContext): Promise<string> {
  const interim = rawHeaders(1, rawLiterals([[":status", "103"]]));
  const server = await openRawServer(rawSettings(), repeatBytes(interim, 50_000));
  const dialer = await startProcess(process.execPath, { args: [dialerProgram, server.url] });
  const code = await server.farewell(10_000);
  context.check("an instance leaves a server that says nothing but 103", code === ErrorCode.enhanceYourCalm, code);
  await dialer.stop();
  server.close();
  return `103 storm at an instance: GOAWAY(${code})`;
}

function member(message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(bidiNumber, WireType.LengthDelimited).bytes(message).finish();
}
