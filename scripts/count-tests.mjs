// SPDX-License-Identifier: Apache-2.0
// Prints "PASSED FAILED" from the test runner's JSON report. A test that was skipped under CI counts as failed, and so
// does a file that could not run.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync("artifacts/tests.json", "utf8"));
const broken = report.testResults.filter(
  (file) => file.status !== "passed" && file.assertionResults.length === 0,
).length;
const failed = report.numFailedTests + report.numPendingTests + broken;
if (report.numPassedTests + failed === 0) throw new Error("Cannot count: the report holds no test");
console.log(`${report.numPassedTests} ${failed}`);
