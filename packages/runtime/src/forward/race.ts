// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "./call-record.js";

/** The attempts of one call that run at the same time (hedging, gRFC A6). One of them has the client's side. */
export class Race {
  /** Attempts that an instance has, and whose outcome is open. */
  readonly members: CallRecord[];
  /** Attempts sent so far. */
  sent = 1;
  /** An instance asked that no further attempt be made. */
  stopped = false;

  constructor(first: CallRecord) {
    this.members = [first];
  }

  /** The member that the client waits on. */
  get holder(): CallRecord | undefined {
    return this.members.find((member) => member.stream !== undefined);
  }

  /** `member` runs no more. */
  remove(member: CallRecord): void {
    const index = this.members.indexOf(member);
    if (index >= 0) this.members.splice(index, 1);
  }
}
