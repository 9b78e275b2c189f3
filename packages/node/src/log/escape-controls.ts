// SPDX-License-Identifier: Apache-2.0

/** Text with C0, DEL, C1 and the separators that some viewers break lines at as `\u` and four digits, which JSON reads, too. */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
