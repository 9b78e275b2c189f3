// SPDX-License-Identifier: Apache-2.0
import { createFieldListReader, defaultLimits, HeadKind } from "@grpc-router/http2";
import { HeadResult } from "../../../packages/http2/src/hpack/head-result.ts";
import { HeaderBlockDecoder } from "../../../packages/http2/src/hpack/header-block-decoder.ts";
import { RequestHeadReader } from "../../../packages/runtime/src/forward/request-head-reader.ts";
import { PathTable } from "../../../packages/runtime/src/registry/path-table.ts";
import { TargetKind } from "../../../packages/runtime/src/registry/target.ts";
import { ByteSource } from "../model/byte-source.ts";
import { ensure, ensureSame } from "../model/ensure.ts";
import { type ChosenField, chooseHead, HeadWriter } from "../model/head-fields.ts";
import { isWellFormed } from "../model/head-oracle.ts";
import type { Field } from "../model/hpack-oracle.ts";
import { factsOfFields, factsOfHead } from "../model/request-oracle.ts";
import { checkParsers } from "../model/small-parsers.ts";

const paths = ["/acme.v1.Users/Get", "/acme.v1.Users/List"] as const;
const maxHeads = 6;

/**
 * Paths and metadata. An odd first octet: request heads of one connection, built field by field, each sent twice, so that
 * table entries, their notes and cached blocks are used; what the router reads is what plain strings say. An even one: all
 * small parsers on the octets behind it.
 */
export function fuzz(input: Uint8Array): void {
  const source = new ByteSource(input);
  if (source.octet() % 2 === 0) {
    checkParsers(source.rest());
    return;
  }
  const connection = new Requests();
  const heads = Array.from({ length: 1 + (source.octet() % maxHeads) }, () => chooseHead(source));
  for (const head of [...heads, ...heads, ...heads.slice(0, 1)]) connection.request(head);
}

/** The router's reader behind the engine's decoder, and beside it the engine's own reader, which makes strings. */
class Requests {
  readonly #writer = new HeadWriter();
  readonly #decoder: HeaderBlockDecoder<ReturnType<RequestHeadReader["end"]>>;
  readonly #strings = new HeaderBlockDecoder(createFieldListReader(), defaultLimits);

  constructor() {
    const table = new PathTable();
    for (const path of paths) table.add(path, { kind: TargetKind.probe, path: "/live" });
    this.#decoder = new HeaderBlockDecoder(new RequestHeadReader(table), defaultLimits);
  }

  request(head: readonly ChosenField[]): void {
    const fields = head.map(({ field }): Field => field);
    const block = this.#writer.write(head);
    const result = this.#decoder.decode(block, 0, block.length, HeadKind.request);
    const plain = this.#strings.decode(block, 0, block.length, HeadKind.request);
    ensureSame(result, plain, "both readers must be given the same heads");
    if (plain === HeadResult.tooLarge) return;
    ensure((result === HeadResult.ok) === isWellFormed(HeadKind.request, fields), "a head must be judged right", () => {
      return { result, fault: this.#decoder.message, fields };
    });
    if (result !== HeadResult.ok) return;
    ensureSame(this.#strings.head, fields, "fields must be read as they were written");
    const facts = factsOfHead(this.#decoder.head);
    ensureSame(facts, factsOfFields(fields, paths), "a request must be read as its fields say");
  }
}
