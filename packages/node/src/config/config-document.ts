// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath } from "@grpc-router/protocol";

/** A place in a file; both count from 1, columns in UTF-16 units. */
export interface FilePosition {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with the text of a file. */
export interface TextMistake extends FilePosition {
  readonly reason: string;
}

/** A parsed file of configuration that still knows where each value stood. */
export interface ConfigDocument {
  /** The value; counts only where there is no mistake. */
  readonly value: unknown;
  readonly mistakes: readonly TextMistake[];
  /** Where the name or the item at the end of a path stands, or the closest around it that is there. */
  readonly findPosition: (path: ConfigPath) => FilePosition;
}
