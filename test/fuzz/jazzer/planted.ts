// SPDX-License-Identifier: Apache-2.0

/**
 * A fault behind comparisons octet by octet, which chance alone finds once in 2^40 inputs: that it is found in seconds
 * shows that coverage guides the fuzzer.
 */
export function fuzz(input: Uint8Array): void {
  if (input.length < 5) return;
  if (input[0] !== 0x68) return;
  if (input[1] !== 0x32) return;
  if ((input[2] ?? 0) + (input[3] ?? 0) !== 0x155) return;
  if (input[4] === 0xc3) throw new Error("The planted fault is found");
}
