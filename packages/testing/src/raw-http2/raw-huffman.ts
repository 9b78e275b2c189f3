// SPDX-License-Identifier: Apache-2.0

/**
 * Length of each symbol's code (RFC 7541 appendix B), one base-36 digit per symbol, EOS last. The code is canonical:
 * ordered by length and then symbol, each code is the one before plus 1, so the lengths are all there is to know.
 */
const lengths =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";

const endOfString = 256;

/** Symbols by their code, written as "0" and "1". */
const symbols = new Map<string, number>();
let code = 0;
for (let length = 1; length <= 30; length++) {
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    if (Number.parseInt(lengths.charAt(symbol), 36) !== length) continue;
    symbols.set(code.toString(2).padStart(length, "0"), symbol);
    code++;
  }
  code *= 2;
}

/** Decodes a Huffman-coded string, bit by bit. Throws for padding or symbols that RFC 7541 section 5.2 forbids. */
export function decodeRawHuffman(bytes: Uint8Array): Uint8Array {
  const decoded: number[] = [];
  let bits = "";
  for (const octet of bytes) {
    for (const bit of octet.toString(2).padStart(8, "0")) {
      bits += bit;
      const symbol = symbols.get(bits);
      if (symbol === undefined) continue;
      if (symbol === endOfString) throw new Error("Cannot decode: EOS must not be in a string");
      decoded.push(symbol);
      bits = "";
    }
  }
  if (bits.length > 7 || bits.includes("0"))
    throw new Error(`Cannot decode: padding must be up to seven 1s, received ${bits}`);
  return Uint8Array.from(decoded);
}

/** Encodes a string. */
export function encodeRawHuffman(bytes: Uint8Array): Uint8Array {
  const codes = new Map([...symbols].map(([bits, symbol]) => [symbol, bits]));
  let bits = [...bytes].map((octet) => codes.get(octet)).join("");
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Uint8Array.from({ length: bits.length / 8 }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
  );
}
