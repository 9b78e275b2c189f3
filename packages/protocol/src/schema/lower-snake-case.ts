// SPDX-License-Identifier: Apache-2.0

/**
 * The lower_snake_case form of a service's or method's name. A word begins at a capital after a small letter or digit,
 * and at the last capital of a run of capitals: `GetURLPath` is `get_url_path`, `Get2FA` is `get2_fa`.
 */
export function lowerSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
