// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { firstLine, NodeError, systemCode } from "../node-error.js";

/**
 * Reads a bearer token from a file: its one line, without the white space around it.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `CREDENTIALS_INVALID` for an empty file or one of several lines; never with what
 * is in it.
 */
export function readToken(path: string): string {
  const token = readText(path, "the token").trim();
  if (token !== "" && !/\s/.test(token)) return token;
  const received = token === "" ? "an empty one" : "white space within it";
  throw new NodeError(
    "CREDENTIALS_INVALID",
    `Cannot use the token in ${path}: the file must hold one token, received ${received}`,
  );
}

/** The text of the file with `what`. @throws NodeError `FILE_UNREADABLE` */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = systemCode(error) === "ENOENT" ? "there is no such file" : firstLine(error);
    throw new NodeError("FILE_UNREADABLE", `Cannot read ${what} from ${path}: ${why}`, error);
  }
}
