// SPDX-License-Identifier: Apache-2.0
import type { Candidate, Candidates } from "../balance/balancer.js";

/** The instances that may serve a service or a method, in order of registration; changed only when one comes or goes. */
export class CandidateList<Member extends Candidate> implements Candidates<Member> {
  list: Member[] = [];
  version = 0;

  add(member: Member): void {
    if (this.list.includes(member)) return;
    this.list.push(member);
    this.version++;
  }

  remove(member: Member): void {
    const index = this.list.indexOf(member);
    if (index < 0) return;
    this.list.splice(index, 1);
    this.version++;
  }

  /** A label or a weight of a member has changed. */
  touch(): void {
    this.version++;
  }
}
