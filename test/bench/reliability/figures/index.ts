// SPDX-License-Identifier: Apache-2.0
import type { Figure } from "../figure.ts";
import { halfOpen } from "./half-open.ts";
import { idleChannel } from "./idle-channel.ts";
import { marksAndCredit } from "./marks-and-credit.ts";
import { movedCalls } from "./moved-calls.ts";
import { reconnect } from "./reconnect.ts";
import { stalledReader } from "./stalled-reader.ts";

/** All figures, in the order in which they are taken. */
export const figures: readonly Figure[] = [halfOpen, movedCalls, stalledReader, reconnect, idleChannel, marksAndCredit];
