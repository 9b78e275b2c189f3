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
  responseBlock,
  rstStream,
  settings,
  settingsAck,
  trailersBlock,
  windowUpdate,
} from "../frame/frames.suite.js";
import { Bench } from "./recorder.suite.js";

const unknown = frame(0x30, 0, 0, hex("0102"));
const priority = frame(2, 0, 9, hex("0000000110"));
const promise = frame(5, 4, 1, join(hex("00000002"), requestBlock));
const noContext = ping("0807060504030201", true);

/** A bit of everything that a peer of this role may say: every type of frame but PUSH_PROMISE, which ends it all. */
const sessions = {
  server: join(
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
    unknown,
    priority,
    noContext,
    ping(),
    settings([4, 100_000]),
    headers(7, requestBlock),
    rstStream(7, 8),
    goaway(0, 0, "bye"),
  ),
  client: join(
    settings([3, 10], [4, 100]),
    settingsAck,
    headers(1, responseBlock),
    data(1, 5),
    data(1, 7, true),
    headers(3, hex("08 03 313033")),
    frame(1, 0, 3, hex("08 03")),
    frame(9, 0, 3, hex("32")),
    frame(9, 4, 3, hex("3030")),
    frame(0, 8, 3, hex("02 6161 0000")),
    windowUpdate(3, 10),
    windowUpdate(0, 10),
    frame(1, 0x2d, 5, join(hex("03 0000000010"), responseBlock, hex("000000"))),
    headers(3, trailersBlock, true),
    unknown,
    priority,
    noContext,
    ping(),
    settings([4, 100_000]),
    headers(7, responseBlock),
    rstStream(7, 8),
    goaway(9, 0, "bye"),
  ),
};

type Role = keyof typeof sessions;

/** Callbacks and frames of a peer that gets `input` cut by `cuts`; each piece in a buffer of its own, with noise around it. */
function run(role: Role, cuts: readonly number[], input = sessions[role]) {
  const bench = new Bench(role);
  // The client's requests wait for all that the server says; the last one stays open.
  for (let n = 0; role === "client" && n < 5; n++) bench.request(n < 4);
  if (role === "client") bench.output();
  const ends = [...cuts, input.length];
  let at = 0;
  for (const end of ends) {
    const piece = join(hex("eeee"), input.subarray(at, end), hex("ee"));
    bench.connection.receive(piece, 2, 2 + end - at, 0);
    piece.fill(0xee);
    at = end;
  }
  return { lines: bench.handler.take(), frames: bench.frames(), turns: bench.handler.turns };
}

describe("receive()", () => {
  it("handles a whole session of a client in one turn", () => {
    const head = ":method=POST,:scheme=http,:path=/a.B/C";
    const { lines, turns } = run("server", []);
    expect(lines).toEqual([
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
    expect(turns).toBe(1);
  });

  it("handles a whole session of a server in one turn", () => {
    const { lines, turns } = run("client", []);
    expect(lines).toEqual([
      "head 1 :status=200",
      "data 1 5",
      "data 1 7 end",
      "closed 1 0 end",
      "head 3 :status=200",
      "data 3 2",
      "head 5 :status=200 end",
      "closed 5 0 end",
      "trailers 3 grpc-status=0",
      "closed 3 0 end",
      "head 7 :status=200",
      "closed 7 8 peer",
      "goaway 9 0 bye",
    ]);
    expect(turns).toBe(1);
  });

  it.each(["server", "client"] as const)("does the same in a %s wherever the input is cut in two", (role) => {
    const whole = run(role, []);
    for (let cut = 0; cut <= sessions[role].length; cut++) {
      const { lines, frames, turns } = run(role, [cut]);
      expect(lines, `cut at ${cut}`).toEqual(whole.lines);
      expect(frames, `cut at ${cut}`).toEqual(whole.frames);
      expect(turns).toBe(2);
    }
  });

  it.each(["server", "client"] as const)("does the same in a %s in pieces of any size", (role) => {
    const whole = run(role, []);
    for (const size of [1, 2, 3, 8, 9, 10, 13]) {
      const { lines, frames } = run(role, cutsOf(sessions[role], size));
      expect(lines, `pieces of ${size}`).toEqual(whole.lines);
      expect(frames, `pieces of ${size}`).toEqual(whole.frames);
    }
  });

  it.each(["server", "client"] as const)("ends a %s at the same octet wherever the input is cut", (role) => {
    const input = join(sessions[role], promise, ping());
    const whole = run(role, [], input);
    expect(whole.lines.at(-1)).toBe("connection closed 1 local");
    for (let cut = sessions[role].length; cut <= input.length; cut++) {
      expect(run(role, [cut], input).frames, `cut at ${cut}`).toEqual(whole.frames);
    }
    expect(run(role, cutsOf(input, 1), input)).toMatchObject({ lines: whole.lines, frames: whole.frames });
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

function cutsOf(input: Uint8Array, size: number): readonly number[] {
  return Array.from({ length: Math.floor((input.length - 1) / size) }, (_, index) => (index + 1) * size);
}
