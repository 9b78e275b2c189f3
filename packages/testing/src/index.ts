// SPDX-License-Identifier: Apache-2.0
export type { Duplex, DuplexEnd, DuplexOptions } from "./duplex.js";
export { createDuplex } from "./duplex.js";
export type { FakeScheduler, FakeSchedulerOptions } from "./fake-scheduler.js";
export { createFakeScheduler } from "./fake-scheduler.js";
export type { MessageList, WireMessage } from "./message-list.js";
export { createMessageList } from "./message-list.js";
export * from "./raw-http2/index.js";
export type { LogEntry, RecordingLogger } from "./recording-logger.js";
export { createRecordingLogger } from "./recording-logger.js";
export type { SeededRandom } from "./seeded-random.js";
export { createSeededRandom } from "./seeded-random.js";
export type { SelfSigned } from "./self-signed.js";
export { createSelfSigned } from "./self-signed.js";
export type { TestStatus } from "./test-call.js";
export { TestCall } from "./test-call.js";
export type { TestCallOptions, TestClient } from "./test-client.js";
export { createTestClient } from "./test-client.js";
