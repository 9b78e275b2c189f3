// SPDX-License-Identifier: Apache-2.0

/**
 * What outlier detection remembers of one instance; the instance's owner keeps it, `OutlierDetection` writes it. Calls
 * are counted in two buckets: ended ones go to the first, each sweep judges by what it made the second (gRFC A50, call
 * counter).
 */
export class OutlierStats {
  /** Calls since the last sweep. */
  successes = 0;
  failures = 0;
  /** Calls between the two last sweeps. */
  sweptSuccesses = 0;
  sweptFailures = 0;
  /** Failures since the last success, since the last ejection by them, or since its return. */
  consecutiveFailures = 0;
  /** The instance is out of rotation … */
  ejected = false;
  /** … since then, in the caller's milliseconds. */
  ejectedMs = 0;
  /** What the ejection time is multiplied with; falls by one with each sweep that finds the instance in rotation. */
  multiplier = 0;
}
