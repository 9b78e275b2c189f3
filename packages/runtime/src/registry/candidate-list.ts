// SPDX-License-Identifier: Apache-2.0
import type { Candidate, Candidates } from "../balance/balancer.js";

/** The instances that may serve a service or a method, in order of registration; changed only when one comes or goes. */
export class CandidateList<Member extends Candidate> implements Candidates<Member> {
  readonly list: Member[] = [];
  readonly away: Member[] = [];
  version = 0;
  /** The same: thousands come at once after a loss, and none of them may be searched for among the others. */
  readonly #members = new Set<Member>();

  /** False if it is there already. */
  add(member: Member): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    this.list.push(member);
    this.version++;
    return true;
  }

  /** False if it was not there. */
  remove(member: Member): boolean {
    if (!this.#members.delete(member)) return false;
    this.list.splice(this.list.indexOf(member), 1);
    this.version++;
    return true;
  }

  /** `member`, which is not in the list, is there without serving. */
  addAway(member: Member): void {
    if (this.away.includes(member)) return;
    this.away.push(member);
    this.version++;
  }

  /** `member` serves again, or has left. */
  removeAway(member: Member): void {
    const index = this.away.indexOf(member);
    if (index < 0) return;
    this.away.splice(index, 1);
    this.version++;
  }

  /** A label or a weight of a member has changed. */
  touch(): void {
    this.version++;
  }
}
