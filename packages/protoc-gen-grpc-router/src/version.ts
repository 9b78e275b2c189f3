// SPDX-License-Identifier: Apache-2.0

/** The version of this package, printed at the head of generated files. A test holds it equal to package.json. */
export const version = "0.1.0";
