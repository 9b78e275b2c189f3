// SPDX-License-Identifier: Apache-2.0

import type { IncomingHttpHeaders } from "node:http";
import type { RouterServer } from "../serve/serve-router.js";

/** What a page is told of a request. */
export interface AdminPageRequest {
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** What follows `?`. */
  readonly query: URLSearchParams;
}

/** What a page answers. */
export interface AdminPageAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Such as `text/plain; charset=utf-8`. */
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** How `body` is compressed. Default: it is not. */
  readonly contentEncoding?: "gzip" | undefined;
}

/** A plain HTTP page beside the admin API, for `GET` and `HEAD`. */
export interface AdminPage {
  /** Such as `/metrics`. */
  readonly path: string;
  answer(request: AdminPageRequest): AdminPageAnswer | Promise<AdminPageAnswer>;
}

/** What pages say of a router's server. */
export type ProbedServer = Pick<RouterServer, "phase">;

/**
 * The pages of probes: `/live` is 200 as long as the process turns, `/ready` while the router accepts connections and does
 * not drain. Instances do not count: a router without any is ready to get some.
 */
export function createProbePages(server: ProbedServer): readonly AdminPage[] {
  return [
    { path: "/live", answer: () => json(200, { live: true }) },
    {
      path: "/ready",
      answer: () => {
        const { phase } = server;
        return phase === "serving" ? json(200, { ready: true }) : json(503, { ready: false, reason: REASONS[phase] });
      },
    },
  ];
}

/** The page at `/`, for who looks at the port with a browser: what is there. */
export function createIndexPage(pages: readonly AdminPage[], service: string): AdminPage {
  const body = [
    "The admin API of a gRPC Router",
    "",
    ...pages.map(({ path }) => path),
    `/${service}/…  by gRPC, gRPC-Web and Connect, as grpc-router asks it`,
    "",
  ].join("\n");
  return { path: "/", answer: () => ({ status: 200, contentType: "text/plain; charset=utf-8", body }) };
}

const REASONS = {
  draining: "the router is draining: it accepts no connections",
  closed: "the router is closed",
} as const;

function json(status: number, value: unknown): AdminPageAnswer {
  return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}
