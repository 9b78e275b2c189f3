// SPDX-License-Identifier: Apache-2.0
// The table of sizes in docs/releasing.md.

const [begin, end] = ["<!-- written: package sizes -->", "<!-- end of package sizes -->"];

/** The table of what `packAll` reports. */
export function sizeTable(packed) {
  const rows = packed.map(({ name, size, unpackedSize, entryCount }) => {
    return `| \`${name}\` | ${kibibytes(size)} | ${kibibytes(unpackedSize)} | ${entryCount} |`;
  });
  return ["| package | packed | unpacked | files |", "|---|--:|--:|--:|", ...rows.sort()].join("\n");
}

/** `text` with `table` in place of its own. */
export function withSizes(text, table) {
  const [head, rest = ""] = text.split(begin);
  return `${head}${begin}\n${table}\n${end}${rest.split(end)[1] ?? ""}`;
}

/** By package: packed and unpacked KiB, files. */
export function readSizes(text) {
  const table = text.split(begin)[1]?.split(end)[0] ?? "";
  const rows = table.matchAll(/^\| `([^`]+)` \| ([\d,]+) KiB \| ([\d,]+) KiB \| (\d+) \|$/gm);
  return new Map(
    Array.from(rows, ([, name, ...sizes]) => [name, sizes.map((size) => Number(size.replaceAll(",", "")))]),
  );
}

function kibibytes(bytes) {
  return `${Math.round(bytes / 1_024).toLocaleString("en-US")} KiB`;
}
