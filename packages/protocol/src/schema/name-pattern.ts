// SPDX-License-Identifier: Apache-2.0

/**
 * Compiles a pattern over dotted names: `*` stands for any characters within one part of the name, `**` for any
 * characters across parts. `acme.user.v1.*` matches `acme.user.v1.UserService`, `acme.**` also `acme.a.b.Service`.
 */
export function compileNamePattern(pattern: string): RegExp {
  const source = pattern.replace(/\*\*|\*|[^*]+/g, (part) => {
    if (part === "**") return ".*";
    if (part === "*") return "[^.]*";
    return part.replace(/[^A-Za-z0-9_]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}
