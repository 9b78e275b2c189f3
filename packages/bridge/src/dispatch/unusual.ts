// SPDX-License-Identifier: Apache-2.0

/** Thrown where protobuf-es is to do it: it knows what to make of it, or which error to throw. Never leaves a codec. */
export const UNUSUAL: unique symbol = Symbol("unusual");

/** Messages that go to protobuf-es after one that had to: trying first costs more than it gains where all are like that. */
export const UNUSUAL_PAUSE = 15;
