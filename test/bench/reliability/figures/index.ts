// SPDX-License-Identifier: Apache-2.0
import type { Figure } from "../figure.ts";
import { halfOpen } from "./half-open.ts";
import { idleChannel } from "./idle-channel.ts";
import { reconnect } from "./reconnect.ts";

/** All figures, in the order in which they are taken. */
export const figures: readonly Figure[] = [halfOpen, idleChannel, reconnect];
