// SPDX-License-Identifier: Apache-2.0
// Fails when the generator wrote a file into a committed folder that is not committed.
import { execFileSync } from "node:child_process";

const files = execFileSync("git", ["ls-files", "--others", "--exclude-standard", "--", "examples", "packages"], {
  encoding: "utf8",
});
if (files !== "") {
  console.error(`generated, but not committed:\n${files}`);
  process.exit(1);
}
