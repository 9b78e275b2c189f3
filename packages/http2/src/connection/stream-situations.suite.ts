// SPDX-License-Identifier: Apache-2.0
// Every state of a stream, in both roles and by every way that leads there, and every event that may come then.
import {
  data,
  frame,
  headers,
  hex,
  join,
  requestBlock,
  responseBlock,
  rstStream,
  trailersBlock,
  windowUpdate,
} from "../frame/frames.suite.js";
import type { StreamState } from "../stream/stream-state.js";
import type { Stream } from "./connection.js";
import {
  type Bench,
  counting,
  type Kept,
  noLiterals,
  responseTemplate,
  runningClient,
  runningServer,
  trailersTemplate,
} from "./recorder.suite.js";

/** One connection and its stream 1, with the verbs of both sides. */
export class Scene {
  readonly bench: Bench;
  /** The stream as its user holds it, also when it is closed. */
  stream: Stream<Kept> | undefined;
  /** The peer's first head has come. */
  hasHead = false;

  constructor(role: "server" | "client") {
    this.bench = role === "server" ? runningServer() : runningClient();
  }

  /** Ours: opens the stream (client). */
  ask(endStream: boolean): void {
    this.stream = this.bench.request(endStream);
    this.bench.handler.streams.set(this.stream.id, this.stream);
  }

  /** The peer's: its first head. */
  get(endStream: boolean): void {
    this.bench.receive(headers(1, this.#block(), endStream));
    this.hasHead = true;
    this.stream ??= this.bench.handler.streams.get(1);
  }

  /** Ours: a head, the end. */
  answer(): void {
    this.bench.respond(1);
    this.bench.trail(1);
  }

  /** The peer's: HEADERS with what fits, a first head or trailers. */
  head(id: number, endStream: boolean): void {
    this.bench.receive(headers(id, this.#block(), endStream));
  }

  get held(): Stream<Kept> {
    if (this.stream === undefined) throw new Error("Cannot send: the situation must have a stream");
    return this.stream;
  }

  #block(): Uint8Array {
    if (this.hasHead) return trailersBlock;
    return this.bench.connection.role === "server" ? requestBlock : responseBlock;
  }
}

/** Frames of the peer, by name. */
export const received = {
  HEADERS: (scene: Scene, id: number) => scene.head(id, false),
  "HEADERS with END_STREAM": (scene: Scene, id: number) => scene.head(id, true),
  DATA: ({ bench }: Scene, id: number) => bench.receive(data(id, 5)),
  "DATA with END_STREAM": ({ bench }: Scene, id: number) => bench.receive(data(id, 5, true)),
  RST_STREAM: ({ bench }: Scene, id: number) => bench.receive(rstStream(id, 8)),
  WINDOW_UPDATE: ({ bench }: Scene, id: number) => bench.receive(windowUpdate(id, 1)),
  PRIORITY: ({ bench }: Scene, id: number) => bench.receive(frame(2, 0, id, hex("0000000010"))),
  CONTINUATION: ({ bench }: Scene, id: number) => bench.receive(frame(9, 4, id, trailersBlock)),
  PUSH_PROMISE: ({ bench }: Scene, id: number) => bench.receive(frame(5, 4, id, join(hex("00000004"), requestBlock))),
} as const;

/** Verbs of ours, by name. */
export const sent = {
  "a head": ({ bench, held }: Scene) => bench.connection.writeHead(held, responseTemplate, noLiterals, 0, 0, false),
  trailers: ({ bench, held }: Scene) => bench.connection.writeHead(held, trailersTemplate, noLiterals, 0, 0, true),
  data: ({ bench, held }: Scene) => void bench.connection.write(held, counting(0, 5), 0, 5, false),
  "data and the end": ({ bench, held }: Scene) => void bench.connection.write(held, counting(0, 5), 0, 5, true),
  "a reset": ({ bench, held }: Scene) => bench.connection.reset(held, 8),
} as const;

/**
 * What an event leads to. A letter is the state afterwards: Open, half-closed Local, half-closed Remote, Closed. `P!` and
 * `S!`: connection error PROTOCOL_ERROR, STREAM_CLOSED. `p`: stream error PROTOCOL_ERROR by section 8, whatever the
 * state. `-`: nothing happens and nobody is told. `x`: the verb throws.
 */
export type Outcome = "O" | "L" | "R" | "C" | "P!" | "S!" | "p" | "-" | "x";

/** A state, how it is reached, and the outcome of each event in it. */
export interface Situation {
  readonly role: "server" | "client";
  readonly from: keyof typeof StreamState;
  /** What has led there. */
  readonly by: string;
  /** The stream that frames of the peer are for. */
  readonly id: number;
  readonly reach: (scene: Scene) => void;
  readonly received: readonly (readonly [event: keyof typeof received, outcome: Outcome])[];
  /** Empty while there is no stream whose verbs could be called. */
  readonly sent: readonly (readonly [event: keyof typeof sent, outcome: Outcome])[];
}

type Row = readonly [
  from: keyof typeof StreamState,
  by: string,
  received: string,
  sent: string,
  reach: (scene: Scene) => void,
  id?: number,
];

const nothing = () => {};
const theirReset = (scene: Scene) => scene.bench.receive(rstStream(1, 8));
const ourReset = (scene: Scene) => scene.bench.connection.reset(scene.held, 8);
/** One after the other. */
const all =
  (...steps: readonly ((scene: Scene) => void)[]) =>
  (scene: Scene): void => {
    for (const step of steps) step(scene);
  };
const head = (scene: Scene) => scene.get(false);
const headAndEnd = (scene: Scene) => scene.get(true);
const ask = (scene: Scene) => scene.ask(false);
const askAll = (scene: Scene) => scene.ask(true);
const respond = (scene: Scene) => scene.bench.respond(1);
const answer = (scene: Scene) => scene.answer();

// Columns: HEADERS, with end, DATA, with end, RST_STREAM, WINDOW_UPDATE, PRIORITY, CONTINUATION, PUSH_PROMISE;
// a head, trailers, data, with end, a reset.
const server: readonly Row[] = [
  ["idle", "nothing", "O R P! P! P! P! - P! P!", "", nothing],
  ["idle", "nothing, with an id of ours", "P! P! P! P! P! P! - P! P!", "", nothing, 2],
  ["open", "a request", "p R O R C O - P! P!", "O L x x C", head],
  ["open", "a request and our head", "p R O R C O - P! P!", "x L O L C", all(head, respond)],
  ["halfClosedRemote", "a whole request", "S! S! S! S! C R - P! P!", "R C x x C", headAndEnd],
  [
    "halfClosedRemote",
    "a whole request and our head",
    "S! S! S! S! C R - P! P!",
    "x C R C C",
    all(headAndEnd, respond),
  ],
  ["halfClosedLocal", "our whole answer", "p C L C C L - P! P!", "x x x x C", all(head, answer)],
  ["closed", "both ends", "S! S! S! S! - - - P! P!", "- - - - -", all(headAndEnd, answer)],
  ["closed", "RST_STREAM of the peer", "S! S! S! S! - - - P! P!", "- - - - -", all(head, theirReset)],
  // What the peer sent before it knew of our reset is no fault.
  ["closed", "RST_STREAM of ours", "- - - - - - - P! P!", "- - - - -", all(head, ourReset)],
  [
    "closed",
    "a request with a higher id (5.1.1)",
    "P! P! - - - - - P! P!",
    "",
    ({ bench }) => bench.receive(headers(5, requestBlock)),
    3,
  ],
];
const client: readonly Row[] = [
  ["idle", "nothing", "P! P! P! P! P! P! - P! P!", "", nothing],
  ["idle", "nothing, with an id of the server's", "P! P! P! P! P! P! - P! P!", "", nothing, 2],
  ["open", "our head", "O R p p C O - P! P!", "x L O L C", ask],
  ["open", "our head and a response", "p R O R C O - P! P!", "x L O L C", all(ask, head)],
  ["halfClosedLocal", "our whole request", "L C p p C L - P! P!", "x x x x C", askAll],
  ["halfClosedLocal", "our whole request and a response", "p C L C C L - P! P!", "x x x x C", all(askAll, head)],
  ["halfClosedRemote", "our head and a whole response", "S! S! S! S! C R - P! P!", "x C R C C", all(ask, headAndEnd)],
  ["closed", "both ends", "S! S! S! S! - - - P! P!", "- - - - -", all(askAll, headAndEnd)],
  ["closed", "RST_STREAM of the peer", "S! S! S! S! - - - P! P!", "- - - - -", all(ask, theirReset)],
  ["closed", "RST_STREAM of ours", "- - - - - - - P! P!", "- - - - -", all(ask, ourReset)],
];

/** Every state of RFC 9113 section 5.1 but the reserved ones, which nobody reaches without push. */
export const situations: readonly Situation[] = [
  ...server.map((row) => situation("server", row)),
  ...client.map((row) => situation("client", row)),
];

function situation(role: "server" | "client", [from, by, in_, out, reach, id = 1]: Row): Situation {
  return { role, from, by, id, reach, received: pair(received, in_), sent: out === "" ? [] : pair(sent, out) };
}

function pair<Name extends string>(
  events: Readonly<Record<Name, unknown>>,
  outcomes: string,
): (readonly [Name, Outcome])[] {
  const names = Object.keys(events) as Name[];
  const words = outcomes.split(" ") as Outcome[]; // stream-states.test.ts compares each with what happens
  if (words.length !== names.length) throw new Error(`Cannot read ${outcomes}: it must have ${names.length} outcomes`);
  return names.map((name, index) => [name, words[index] ?? "-"]);
}
