// SPDX-License-Identifier: Apache-2.0
// The numbers of docs/channel.md, sections 4 to 8, are those of the code.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as protocol from "@grpc-router/protocol";
import { expect, test } from "vitest";
import * as bridge from "../../packages/bridge/src/limits.ts";
import * as router from "../../packages/runtime/src/limits.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/channel.md", import.meta.url)), "utf8");
const kib = (bytes: number) => `${bytes / 1024} KiB`;
const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
const seconds = (ms: number) => `${ms / 1_000} s`;
const count = (value: number) => value.toLocaleString("en");

test.each<[section: string, words: string]>([
  ["4", `${count(router.maxWaitingCalls)} calls and ${mib(router.maxWaitingBytes)} of requests`],
  ["4", `the router keeps what it wrote, ${kib(protocol.MAX_KEPT_REQUEST_BYTES)} a call at most`],
  ["4", `up to ${seconds(protocol.HOLD_MS)}, after its connection or heartbeat was lost`],
  ["4", `Cancel without End for ${seconds(protocol.CANCEL_CONFIRM_MS)}`],
  ["4", `or ${kib(router.minSliceBytes)} of a long one are here`],
  ["5", `+ ${protocol.PAYLOAD_OVERHEAD}. Heads cost nothing`],
  ["5", `${count(protocol.INITIAL_CREDIT)} by default`],
  ["5", `at least ${count(protocol.MIN_INITIAL_CREDIT)} and below 2^31`],
  ["5", `per channel (${mib(protocol.MAX_CHANNEL_BUFFER_BYTES)};`],
  ["5", `stream (${mib(router.registerWindowBytes)})`],
  ["5", `more than ${kib(router.channelOutputBytes)} ahead of what the transport takes`],
  ["5", `Calls that wait take turns of ${kib(protocol.TURN_BYTES)}`],
  ["5", `Unstated: ${count(protocol.MAX_OPEN_CALLS)} (\`maxOpenCalls\` of our router)`],
  [
    "6",
    `Hello, within ${seconds(protocol.HELLO_TIMEOUT_MS)}; down: Welcome, within ${seconds(protocol.WELCOME_TIMEOUT_MS)}`,
  ],
  ["6", `says nothing for ${seconds(bridge.TARGET_SILENCE_MS)} is asked`],
  ["6", `given up after ${seconds(bridge.TARGET_ANSWER_MS)} more`],
  ["6", `only a PING after ${seconds(bridge.TARGET_KEEPALIVE_MS)} asks`],
  ["6", `restated at most ${bridge.MAX_HEALTH_PER_SECOND}/s`],
  ["7", `\`ping_after_ms\` (${seconds(protocol.PING_AFTER_MS)}`],
  ["7", `\`pong_within_ms\` (${seconds(protocol.PONG_WITHIN_MS)})`],
  ["7", `looks every ${router.sweepMs} ms`],
  ["7", `its own loop (router ${seconds(router.stallMs)}, bridge ${seconds(bridge.LOOP_STALL_MS)})`],
  ["7", `(our bridge waits ${seconds(bridge.FAREWELL_MS)} for it)`],
  ["7", `After the grace (${seconds(protocol.DRAIN_GRACE_MS)}) the drainer aborts`],
  ["7", `and, ${seconds(bridge.ABORT_SETTLE_MS)} later, the stream`],
  ["7", `keeps at most ${bridge.MAX_PREVIOUS} fates`],
  ["7", `(RetryInfo ${seconds(router.idInUseRetryMs)})`],
  ["7", `min(${seconds(bridge.RECONNECT_CAP_MS)}, ${seconds(bridge.RECONNECT_BASE_MS)} × 2^n)`],
  ["7", `after a channel stood ${seconds(bridge.STABLE_AFTER_MS)}`],
  ["7", `wait ${seconds(bridge.PERMANENT_WAIT_MS)} ± ${bridge.PERMANENT_SPREAD * 100} %`],
  ["7", `within [0, ${seconds(bridge.REJOIN_WITHIN_MS)}]`],
  ["8", `frame ${kib(protocol.MAX_FRAME_BYTES)} (hello, welcome ${protocol.MAX_HELLO_BYTES / 1024})`],
  ["8", `payload ${kib(protocol.MAX_PAYLOAD_BYTES)} (member, or \`data\`)`],
  ["8", `message ${mib(protocol.MAX_MESSAGE_BYTES)}`],
  [
    "8",
    `metadata ${protocol.MAX_METADATA_ENTRIES} entries, ${kib(protocol.MAX_METADATA_BYTES)} (name + value + ${protocol.METADATA_ENTRY_OVERHEAD};`,
  ],
  ["8", `buffers a channel ${mib(protocol.MAX_CHANNEL_BUFFER_BYTES)} (${router.busyBufferFactor} times that`],
  [
    "8",
    `methods ${count(protocol.MAX_METHODS)}; labels ${protocol.MAX_LABELS} of ${protocol.MAX_LABEL_NAME_BYTES}/${protocol.MAX_LABEL_VALUE_BYTES} bytes; features ${protocol.MAX_FEATURES}`,
  ],
  [
    "8",
    `hello ${seconds(protocol.HELLO_TIMEOUT_MS)} R, welcome ${seconds(protocol.WELCOME_TIMEOUT_MS)} B, cancel confirmed ${seconds(protocol.CANCEL_CONFIRM_MS)} R`,
  ],
  ["8", `open calls a channel ${count(protocol.MAX_OPEN_CALLS)} without capacity`],
  [
    "8",
    `Register streams a connection ${protocol.MAX_REGISTER_STREAMS}; registrations ${protocol.MAX_REGISTRATIONS_PER_SECOND}/s, of one connection ${protocol.MAX_REGISTER_STREAMS}, then ${protocol.MAX_CONNECTION_REGISTRATIONS_PER_SECOND}/s`,
  ],
  ["8", `control frames ${protocol.MAX_CONTROL_BURST}, then ${protocol.MAX_CONTROL_PER_SECOND}/s`],
  ["8", `of these capacities ${protocol.MAX_CONTROL_BURST}, then ${protocol.MAX_CAPACITY_PER_SECOND}/s`],
  ["8", `payload frames sent + ${protocol.MAX_CREDIT_FRAMES} `],
  ["8", `${seconds(protocol.TRANSPORT_STALL_MS)} without transport progress`],
  ["8", `requeues ${protocol.MAX_REQUEUES} a call, 0 after ${protocol.MAX_INSTANCES_LOST} instances died of it`],
  ["8", `a mark that stands) ${protocol.MAX_EMPTY_FRAMES} in a row`],
  ["8", `frames for ended calls (\`CONTROL_FLOOD\`) ${protocol.MAX_LATE_FRAMES}`],
  [
    "8",
    `kept for one connection ${mib(router.connectionMemoryBytes)}, of it ${kib(router.connectionHeaderBytes)} of metadata`,
  ],
])("section %s says: %s", (section, words) => {
  const [, after = ""] = page.split(`\n## ${section}. `);
  const [text = ""] = after.split("\n## ");
  // A line of the page may break anywhere.
  expect(text.replaceAll(/\s+/g, " ")).toContain(words);
});
