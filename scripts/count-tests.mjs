// SPDX-License-Identifier: Apache-2.0
// Prints "PASSED FAILED" from the test runner's JSON report, then a line for each failure: file, test, first line of what it
// said. A test that was skipped under CI counts as failed, and so does a file that could not run.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const report = JSON.parse(readFileSync("artifacts/tests.json", "utf8"));
const failures = report.testResults.flatMap((file) => {
  const line = (name, message) => {
    const said = (message ?? "").split("\n", 1)[0];
    return [`${relative(".", file.name)}: ${name}`, said].filter(Boolean).join(": ");
  };
  if (file.status !== "passed" && file.assertionResults.length === 0) return [line("could not run", file.message)];
  return file.assertionResults
    .filter((test) => test.status !== "passed")
    .map((test) => line(test.fullName, test.failureMessages[0] ?? test.status));
});
if (report.numPassedTests + failures.length === 0) throw new Error("Cannot count: the report holds no test");
console.log([`${report.numPassedTests} ${failures.length}`, ...failures].join("\n"));
