// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { FieldName, type FieldView, HeadKind, type TableEntry } from "@grpc-router/http2";
import { CallStartSchema } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { PathTable } from "../registry/path-table.js";
import { type Target, TargetKind } from "../registry/target.js";
import { bytes, text } from "../test-kit/text.suite.js";
import { ContentType, HeadFault, type RequestHead, Verb, WaitForReady } from "./request-head.js";
import { RequestHeadReader } from "./request-head-reader.js";

const target: Target = { kind: TargetKind.probe, path: "/live" };

const nameIds: Readonly<Record<string, number>> = {
  ":method": FieldName.method,
  ":scheme": FieldName.scheme,
  ":path": FieldName.path,
  ":authority": FieldName.authority,
  host: FieldName.host,
  te: FieldName.te,
  "content-type": FieldName.contentType,
  "content-length": FieldName.contentLength,
  "user-agent": FieldName.userAgent,
  "grpc-timeout": FieldName.grpcTimeout,
  "grpc-encoding": FieldName.grpcEncoding,
  "grpc-accept-encoding": FieldName.grpcAcceptEncoding,
  "grpc-previous-rpc-attempts": FieldName.grpcPreviousRpcAttempts,
  "grpc-status": FieldName.grpcStatus,
};

type Field = readonly [name: string, value: string];

class Source {
  readonly paths = new PathTable();
  readonly reader = new RequestHeadReader(this.paths);
  readonly #entries = new Map<string, TableEntry>();

  constructor() {
    this.paths.add("/live", target);
  }

  /** Reads a head; fields come from table entries that stay, or as literals. */
  read(fields: readonly Field[], indexed = false): RequestHead {
    this.reader.begin(HeadKind.request);
    for (const [name, value] of fields) this.reader.field(this.#view(name, value, indexed));
    return this.reader.end();
  }

  #view(name: string, value: string, indexed: boolean): FieldView {
    const key = `${name}: ${value}`;
    const isFirst = indexed && !this.#entries.has(key);
    const entry = this.#entries.get(key) ?? { note: undefined };
    this.#entries.set(key, entry);
    const nameBytes = bytes(`..${name}`);
    const valueBytes = bytes(`...${value}`);
    return {
      nameId: nameIds[name] ?? FieldName.none,
      nameBytes,
      nameStart: 2,
      nameEnd: nameBytes.length,
      valueBytes,
      valueStart: 3,
      valueEnd: valueBytes.length,
      neverIndexed: false,
      isFirst,
      entry: indexed ? entry : undefined,
    };
  }
}

const usual: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/live"],
  [":authority", "router.test"],
  ["grpc-timeout", "1500m"],
  ["content-type", "application/grpc+proto"],
  ["grpc-encoding", "gzip"],
  ["grpc-accept-encoding", "identity,gzip"],
  ["te", "trailers"],
  ["x-a", "1"],
  ["user-agent", "test"],
  ["x-a", "2"],
  ["grpc-status", "0"],
];

function startOf(head: RequestHead) {
  const start = fromBinary(CallStartSchema, head.rest.subarray(0, head.restEnd));
  return { ...start, metadata: start.metadata.map(({ name, value }) => `${name}=${text(value)}`) };
}

describe("RequestHeadReader", () => {
  for (const [name, indexed, times] of [
    ["literals", false, 1],
    ["new table entries", true, 1],
    ["known table entries", true, 3],
  ] as const) {
    test(`reads a head of ${name}`, () => {
      const source = new Source();
      let head = source.read(usual, indexed);
      for (let time = 1; time < times; time++) head = source.read(usual, indexed);
      expect(head).toMatchObject({
        verb: Verb.post,
        target,
        contentType: ContentType.grpcProto,
        fault: HeadFault.none,
        timeoutUs: 1_500_000,
        previousAttempts: 0,
        waitForReady: WaitForReady.unset,
        kept: false,
      });
      expect(startOf(head)).toMatchObject({
        metadata: ["x-a=1", "user-agent=test", "x-a=2"],
        authority: "router.test",
        encoding: "gzip",
        acceptEncoding: "identity,gzip",
        subtype: "",
      });
    });
  }

  test("forgets everything between two heads", () => {
    const source = new Source();
    source.read(usual);
    const head = source.read([[":method", "GET"]]);
    expect(head).toMatchObject({
      verb: Verb.get,
      target: undefined,
      contentType: ContentType.other,
      timeoutUs: -1,
      restEnd: 0,
    });
  });

  const cases: readonly [name: string, fields: readonly Field[], head: Partial<RequestHead>][] = [
    ["a verb it does not know", [[":method", "PUT"]], { verb: Verb.other }],
    [
      "an unknown path, printable and cut",
      [[":path", `/\u0007${"x".repeat(300)}`]],
      { target: undefined, path: `/?${"x".repeat(198)}` },
    ],
    [
      "another subtype",
      [["content-type", "application/grpc+json"]],
      { contentType: ContentType.grpcSubtype, contentTypeText: "application/grpc+json" },
    ],
    ["a timeout that is none", [["grpc-timeout", "soon"]], { fault: HeadFault.timeout }],
    ["previous attempts", [["grpc-previous-rpc-attempts", "12"]], { previousAttempts: 12 }],
    ["previous attempts that are no count", [["grpc-previous-rpc-attempts", "1x"]], { previousAttempts: 0 }],
    ["too many previous attempts", [["grpc-previous-rpc-attempts", "1234"]], { previousAttempts: 0 }],
    ["the wish to wait", [["x-grpc-router-wait-for-ready", "true"]], { waitForReady: WaitForReady.yes, restEnd: 0 }],
    [
      "the wish not to wait",
      [["x-grpc-router-wait-for-ready", "false"]],
      { waitForReady: WaitForReady.no, restEnd: 0 },
    ],
    [
      "101 fields",
      Array.from({ length: 101 }, (_, at): Field => [`x-${at}`, "1"]),
      { fault: HeadFault.metadataTooLarge },
    ],
    ["17,000 bytes", [["x-a", "v".repeat(17_000)]], { fault: HeadFault.metadataTooLarge }],
  ];
  for (const [name, fields, head] of cases) {
    for (const indexed of [false, true]) {
      test(`reads ${name} (${indexed ? "from the table, twice" : "literal"})`, () => {
        const source = new Source();
        if (indexed) source.read(fields, true);
        expect(source.read(fields, indexed)).toMatchObject(head);
      });
    }
  }

  for (const indexed of [false, true]) {
    test(`leaves out what the channel must not carry (${indexed ? "from the table, twice" : "literal"})`, () => {
      const fields: readonly Field[] = [
        ["x!y", "a name with another character"],
        ["x-a", "f\u00fcr"],
        ["x-b", "a\tb"],
        ["x-c", "kept"],
        [":authority", "\u00ff"],
        ["grpc-encoding", "\u00ff"],
        ["grpc-accept-encoding", "gzip\u007f"],
      ];
      const source = new Source();
      if (indexed) source.read(fields, true);
      expect(startOf(source.read(fields, indexed))).toMatchObject({
        metadata: ["x-c=kept"],
        authority: "",
        encoding: "",
        acceptEncoding: "",
      });
    });
  }

  for (const indexed of [false, true]) {
    test(`takes the last of two content types whole (${indexed ? "from the table, twice" : "literal"})`, () => {
      const fields: readonly Field[] = [
        ["content-type", "application/grpc+json"],
        ["content-type", "application/grpc"],
      ];
      const source = new Source();
      if (indexed) source.read(fields, true);
      const head = source.read(fields, indexed);
      expect(head).toMatchObject({ contentType: ContentType.grpc, contentTypeText: "" });
      expect(startOf(head).subtype).toBe("");
    });
  }

  test("takes the authority from host only if there is no other", () => {
    const source = new Source();
    expect(
      startOf(
        source.read([
          ["host", "h"],
          [":authority", "a"],
        ]),
      ).authority,
    ).toBe("a");
    for (let time = 0; time < 2; time++) expect(startOf(source.read([["host", "h"]], true)).authority).toBe("h");
  });

  test("takes fields that outgrow its buffers", () => {
    const source = new Source();
    const long = "v".repeat(3_000);
    for (let time = 0; time < 3; time++) {
      const start = startOf(
        source.read(
          [
            ["x-a", long],
            ["grpc-accept-encoding", long],
            [":authority", long],
            ["x-b", long],
          ],
          true,
        ),
      );
      expect(start).toMatchObject({ metadata: [`x-a=${long}`, `x-b=${long}`], authority: long, acceptEncoding: long });
    }
  });

  test("recognizes paths by their bytes, coded or not, and nothing else", () => {
    const source = new Source();
    const { reader } = source;
    const path = bytes("/live");
    reader.begin(HeadKind.request);
    expect(reader.recognize(FieldName.path, path, 0, path.length, false)).toBe(target);
    expect(reader.recognize(FieldName.path, path, 0, path.length, true)).toBeUndefined();
    expect(reader.recognize(FieldName.authority, path, 0, path.length, false)).toBeUndefined();
    reader.recognized(FieldName.path, target);
    expect(reader.end().target).toBe(target);
  });

  test("keep() gives a head that later ones do not change", () => {
    const source = new Source();
    const kept = source.reader.keep(source.read(usual));
    source.read([["x-z", "9"]]);
    expect(kept).toMatchObject({ kept: true, target, timeoutUs: 1_500_000 });
    expect(startOf(kept).metadata).toEqual(["x-a=1", "user-agent=test", "x-a=2"]);
  });

  test("begin() lets whoever still needs the last head copy it, once", () => {
    const source = new Source();
    let saved = 0;
    source.reader.holder = { saveHead: () => void saved++ };
    source.read(usual);
    source.read(usual);
    expect(saved).toBe(1);
  });
});
