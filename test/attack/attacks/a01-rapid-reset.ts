// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawReset } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { heldCall } from "../raw/held-call.ts";
import { holdOrder, Path } from "../raw/orders.ts";
import { streamSeries } from "../raw/stream-series.ts";

/** Resets that a connection may have before it is cut, with what leaks and crosses on the way. */
const mostResets = 1_100;
const slots = 1_024;
const deadlineMs = 500;

/**
 * Rapid Reset: HEADERS, the request and RST_STREAM at once, over and over, so that MAX_CONCURRENT_STREAMS never holds. The
 * router cuts the connection at about 1,000 resets and never gives the instance more calls than a connection has slots.
 */
export const attack = defineAttack<{ streams: number; legit: number }>({
  id: "A1",
  name: "Rapid Reset",
  cves: ["CVE-2023-44487"],
  limits: ["peerResets"],
  sizes: { quick: { streams: 20_000, legit: 1_000 }, full: { streams: 200_000, legit: 1_000 } },
  async run(context, { streams }) {
    const flood = streamSeries(joinBytes(heldCall(1), rawReset(1, ErrorCode.cancel)), streams);
    const connection = await context.open();
    await connection.push(flood);
    const end = await connection.end(5_000);
    const { goaway } = connection;
    const served = ((goaway?.lastStreamId ?? -1) + 1) / 2;
    context.check("GOAWAY(ENHANCE_YOUR_CALM)", goaway?.code === ErrorCode.enhanceYourCalm, goaway?.code ?? end.how);
    context.check(`cut after at most ${mostResets} streams`, served <= mostResets, served);
    context.check("the connection is closed", end.how !== "open", end.how);
    const { mostRunning } = await context.instance();
    context.check(`the instance runs at most ${slots} calls at once`, mostRunning <= slots, mostRunning);
    const gone = await context.until(async () => (await context.instance()).running === 0, 2_000);
    context.check("all its calls are cancelled at the instance", gone);
    return `GOAWAY(${goaway?.code ?? "none"}) after ${served} streams`;
  },
  async counter(context, { legit }) {
    const client = await context.client();
    // All meet the same deadline, as calls to a backend that stands still do.
    const fields = [["grpc-timeout", `${deadlineMs}m`]] as const;
    const call = { path: Path.run, messages: [holdOrder], fields, cancelAfterMs: deadlineMs };
    const results = await client.calls(legit, legit, call);
    const over = results.filter(({ how, status }) => how === "cancelled" || status === 4).length;
    const after = await client.call({ path: Path.run });
    context.check("calls that meet one deadline are not cut", over === legit && after.status === 0, over);
    return `${over} of ${legit} calls met one deadline, the next is served`;
  },
});
