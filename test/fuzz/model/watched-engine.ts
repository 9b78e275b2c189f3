// SPDX-License-Identifier: Apache-2.0
import { HeaderBlock } from "../../../packages/http2/src/connection/header-block.ts";
import { InputCarry } from "../../../packages/http2/src/connection/input-carry.ts";
import { UnreadInput } from "../../../packages/http2/src/connection/unread-input.ts";
import { ReceiveWindow } from "../../../packages/http2/src/flow/receive-window.ts";
import { SendWindow } from "../../../packages/http2/src/flow/send-window.ts";
import { ensure } from "./ensure.ts";

// What no callback and no frame tells: the engine's windows and what it keeps of the input. Their methods are wrapped,
// so every step of every connection in this process is looked at.

const maxWindow = 0x7fff_ffff;
/** A frame of 16,384 octets with its header. */
const maxCarryBytes = 16_393;

/** What holds bytes of the peer. */
interface Keeper {
  readonly bytes: Uint8Array;
}

const keepers = new Set<Keeper>();
let headerBlockBytes = maxCarryBytes;

/** The receive window of the connection at hand: of the two that DATA takes from, the first. */
let connectionWindow: ReceiveWindow | undefined;

/** Begins to watch one connection with this limit. */
export function watchKeepers(limitBytes: number): void {
  keepers.clear();
  connectionWindow = undefined;
  headerBlockBytes = limitBytes;
}

/** After the end of a connection nothing of it may be kept. */
export function ensureNothingKept(): void {
  for (const keeper of keepers) {
    ensure(keeper.bytes.length === 0, `nothing may be kept after the end (${keeper.constructor.name})`, () => {
      return keeper.bytes.length;
    });
  }
}

/** Octets of DATA that the engine takes its user to hold, of all streams. */
export function heldBytes(): number {
  return connectionWindow?.held ?? 0;
}

/** Octets of input that wait for their turn. */
export function unreadBytes(): number {
  let sum = 0;
  for (const keeper of keepers) if (keeper instanceof UnreadInput) sum += keeper.length;
  return sum;
}

function checkReceiveWindow(window: ReceiveWindow): void {
  const { available, held, unreturned, size } = window;
  const state = () => ({ available, held, unreturned, size });
  ensure(available + held + unreturned === size, "available + held + unreturned must be the window's size", state);
  ensure(held >= 0 && unreturned >= 0 && available <= maxWindow, "a receive window must be within bounds", state);
}

function checkSendWindow(window: SendWindow): void {
  const { available } = window;
  ensure(available <= maxWindow && available >= -maxWindow, "a send window must be within bounds", () => available);
}

/** Has `check` run after every call of these methods. */
function watch<T extends object>(prototype: T, methods: readonly (keyof T)[], check: (self: T) => void): void {
  for (const name of methods) {
    const original = prototype[name] as (this: T, ...parameters: unknown[]) => unknown;
    const watched = function (this: T, ...parameters: unknown[]): unknown {
      const result = original.apply(this, parameters);
      check(this);
      return result;
    };
    Object.defineProperty(prototype, name, { value: watched, configurable: true, writable: true });
  }
}

watch(ReceiveWindow.prototype, ["give", "grow", "resize", "reset"], checkReceiveWindow);
watch(ReceiveWindow.prototype, ["take"], (window) => {
  connectionWindow ??= window;
  checkReceiveWindow(window);
});
watch(SendWindow.prototype, ["move"], checkSendWindow);
watch(SendWindow.prototype, ["take"], (window) => {
  checkSendWindow(window);
});
watch(InputCarry.prototype, ["fill"], (carry) => {
  keepers.add(carry);
  ensure(carry.length <= maxCarryBytes, "a carried frame must be at most 16,393 octets", () => carry.length);
});
watch(HeaderBlock.prototype, ["append"], (block) => {
  keepers.add(block);
  ensure(block.length <= headerBlockBytes, "a header block must keep its limit", () => block.length);
  ensure(block.bytes.length <= Math.max(4_096, 2 * headerBlockBytes), "its buffer must be in proportion");
});
watch(UnreadInput.prototype, ["append"], (unread) => {
  keepers.add(unread);
});
