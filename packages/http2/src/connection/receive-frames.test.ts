// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  clientHello,
  data,
  frame,
  goaway,
  headers,
  hex,
  join,
  ping,
  requestBlock,
  rstStream,
  settings,
  settingsAck,
  trailersBlock,
  windowUpdate,
} from "../frame/frames.suite.js";
import { Bench } from "./recorder.suite.js";

/** A bit of everything that a client may say. */
const session = join(
  clientHello,
  settingsAck,
  headers(1, requestBlock),
  data(1, 5),
  data(1, 7, true),
  frame(1, 0, 3, requestBlock.subarray(0, 3)),
  frame(9, 0, 3, requestBlock.subarray(3, 4)),
  frame(9, 4, 3, requestBlock.subarray(4)),
  frame(0, 8, 3, hex("02 6161 0000")),
  windowUpdate(3, 10),
  frame(1, 0x2d, 5, join(hex("03 0000000010"), requestBlock, hex("000000"))),
  headers(3, trailersBlock, true),
  frame(0x30, 0, 0, hex("0102")),
  ping(),
  settings([4, 100_000]),
  headers(7, requestBlock),
  rstStream(7, 8),
  goaway(0, 0, "bye"),
);

/** Callbacks and frames of a server that gets the session cut by `cuts`; each piece in a buffer of its own, with noise around it. */
function run(cuts: readonly number[]): { lines: string[]; frames: string[]; turns: number } {
  const bench = new Bench("server");
  const ends = [...cuts, session.length];
  let at = 0;
  for (const end of ends) {
    const piece = join(hex("eeee"), session.subarray(at, end), hex("ee"));
    bench.connection.receive(piece, 2, 2 + end - at, 0);
    piece.fill(0xee);
    at = end;
  }
  return { lines: bench.handler.take(), frames: bench.frames(), turns: bench.handler.turns };
}

describe("receive()", () => {
  const whole = run([]);

  it("handles a whole session in one turn", () => {
    const head = ":method=POST,:scheme=http,:path=/a.B/C";
    expect(whole.lines).toEqual([
      `head 1 ${head}`,
      "data 1 5",
      "data 1 7 end",
      `head 3 ${head}`,
      "data 3 2",
      `head 5 ${head} end`,
      "trailers 3 grpc-status=0",
      `head 7 ${head}`,
      "closed 7 8 peer",
      "goaway 0 0 bye",
    ]);
    expect(whole.turns).toBe(1);
  });

  it("does the same wherever the input is cut in two", () => {
    for (let cut = 0; cut <= session.length; cut++) {
      const { lines, frames, turns } = run([cut]);
      expect(lines, `cut at ${cut}`).toEqual(whole.lines);
      expect(frames, `cut at ${cut}`).toEqual(whole.frames);
      expect(turns).toBe(2);
    }
  });

  it.each([1, 2, 3, 8, 9, 10, 13])("does the same in pieces of %i octets", (size) => {
    const cuts = Array.from({ length: Math.floor((session.length - 1) / size) }, (_, index) => (index + 1) * size);
    const { lines, frames } = run(cuts);
    expect(lines).toEqual(whole.lines);
    expect(frames).toEqual(whole.frames);
  });

  it("refuses a frame that is too long as soon as its header is there, split or not", () => {
    for (const cut of [0, 1, 5, 9]) {
      const bench = new Bench("server");
      bench.receive(clientHello);
      const input = frame(0, 0, 1, new Uint8Array(16_385)).subarray(0, 9);
      bench.receive(input.subarray(0, cut));
      bench.receive(input.subarray(cut));
      expect(bench.handler.closeReason).toMatchObject({ code: 6, by: "local" });
    }
  });

  it("closes the connection when a callback throws, and lets the error through", () => {
    const bench = new Bench("server");
    bench.handler.react.onHead = () => {
      throw new Error("a bug");
    };
    expect(() => bench.receive(clientHello, headers(1, requestBlock), ping())).toThrow("a bug");
    expect(bench.handler.closeReason).toMatchObject({ code: 2, by: "local" });
    expect(bench.frames().at(-1)).toBe("GOAWAY 1 2 internal error");
    bench.receive(ping());
    expect(bench.frames()).toEqual([]);
  });

  it("calls nothing after a callback has closed the connection", () => {
    for (const callback of ["onHead", "onData", "onTrailers"] as const) {
      const bench = new Bench("server");
      bench.handler.react[callback] = () => bench.connection.close(0, "enough");
      bench.receive(
        clientHello,
        headers(1, requestBlock),
        data(1, 1),
        headers(1, trailersBlock, true),
        headers(3, requestBlock),
        ping(),
      );
      const lines = bench.handler.take();
      expect(lines.slice(-2)).toEqual(["closed 1 0 connection", "connection closed 0 local"]);
      expect(bench.handler.turns).toBe(0);
    }
  });
});
