// SPDX-License-Identifier: Apache-2.0

/** What the policies of a service hold now. */
export interface PolicyUsage {
  /** Full name. */
  readonly service: string;
  /** Retries and hedges that count in its budget; 0 without one. */
  readonly extraAttempts: number;
  /** Tokens that are left for retries; undefined: it has no throttling. */
  readonly retryTokens: number | undefined;
  /** Calls that count in its concurrency limit; 0 without one. */
  readonly underWay: number;
  /** The same of its methods, together. */
  readonly methodsUnderWay: number;
  /** Instances that serve, and those of them that are ejected. */
  readonly instances: number;
  readonly ejected: number;
}
