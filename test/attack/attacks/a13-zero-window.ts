// SPDX-License-Identifier: Apache-2.0
import { RawSetting, rawWindowUpdate } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { download } from "../raw/held-call.ts";
import { shortStall } from "../raw/short-times.ts";
import { streamSeries } from "../raw/stream-series.ts";

const streams = 100;
const reportBytes = 4_096;
const reports = 1_000;
/** Time limits are looked at about once a second. */
const slackMs = 3_000;
const honestStreams = 5;
const maxWindow = 0x7fffffff;
const defaultWindow = 65_535;

/**
 * Slow read: answers wait for a window that stays closed, each pinning a stream, its buffers and a call at the instance. Without
 * progress for 30 s the router resets the stream and cancels the call.
 */
export const attack = defineAttack<{ stallMs: number }>({
  id: "A13",
  name: "Zero window hold",
  cves: ["CVE-2019-9517"],
  limits: ["stallMs"],
  sizes: { quick: { stallMs: 3_000 }, full: { stallMs: 30_000 } },
  settings: shortStall,
  repeats: false,
  async run(context, { stallMs }) {
    const connection = await context.open({ settings: [[RawSetting.initialWindowSize, 0]] });
    const startedMs = performance.now();
    await connection.push(streamSeries(download(1, reports, reportBytes), streams));
    await connection.until(() => connection.resets.size > 0, stallMs + slackMs);
    const firstMs = performance.now() - startedMs;
    await connection.until(() => connection.resets.size === streams, 2 * slackMs);
    const lastMs = performance.now() - startedMs;
    const { size } = connection.resets;
    const right = [...connection.resets.values()].every((code) => code === ErrorCode.cancel);
    context.check("every stream gets RST_STREAM(CANCEL)", right && size === streams, size);
    const inTime = firstMs >= stallMs - 100 && lastMs <= stallMs + slackMs;
    context.check("when it has stalled for its time", inTime, `${Math.round(firstMs)} to ${Math.round(lastMs)} ms`);
    const cancelled = await context.until(async () => (await context.instance()).running === 0, 2_000);
    context.check("the calls are cancelled at the instance", cancelled, (await context.instance()).running);
    return `${size} of ${streams} RST_STREAM(CANCEL) after ${(firstMs / 1_000).toFixed(1)} to ${(lastMs / 1_000).toFixed(1)} s`;
  },
  async counter(context, { stallMs }) {
    // A window that opens slowly but for good: 2 KiB a second and stream.
    const connection = await context.open({ settings: [[RawSetting.initialWindowSize, 0]] });
    connection.send(rawWindowUpdate(0, maxWindow - defaultWindow));
    await connection.push(streamSeries(download(1, reports, reportBytes), honestStreams));
    const untilMs = performance.now() + 1.5 * stallMs;
    while (performance.now() < untilMs && !connection.over) {
      for (let index = 0; index < honestStreams; index++) connection.send(rawWindowUpdate(2 * index + 1, 512));
      await context.sleep(250);
    }
    const { dataBytes, resets } = connection;
    context.check("streams that are read slowly are not reset", resets.size === 0 && !connection.over, resets.size);
    return `${honestStreams} streams read at 2 KiB/s: ${Math.round(dataBytes / 1024)} KiB, ${resets.size} reset`;
  },
});
