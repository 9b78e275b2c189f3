// SPDX-License-Identifier: Apache-2.0

/** A peer's text for a message: cut, and quoted unless it is plain, so that it cannot break a line of the log. */
export function quote(text: string): string {
  return /^[\w.:/-]{1,200}$/.test(text) ? text : JSON.stringify(text.slice(0, 100));
}
