// SPDX-License-Identifier: Apache-2.0
// Removes everything that a build or a test run made; sources and node_modules stay.
import { readdirSync, rmSync } from "node:fs";

for (const name of readdirSync("packages")) {
  for (const made of ["dist", "src/gen"]) rmSync(`packages/${name}/${made}`, { recursive: true, force: true });
}
for (const made of ["coverage", "artifacts", ".cache", "node_modules/.cache"])
  rmSync(made, { recursive: true, force: true });
