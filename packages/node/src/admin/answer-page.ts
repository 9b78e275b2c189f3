// SPDX-License-Identifier: Apache-2.0

import type { IncomingHttpHeaders } from "node:http";
import { firstLine } from "../node-error.js";
import type { AdminPage, AdminPageAnswer } from "./admin-pages.js";

/** What requests of HTTP/1.1 and HTTP/2 have in common. */
export interface PageRequest {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** What their responses have in common. */
export interface PageResponse {
  statusCode: number;
  setHeader(name: string, value: string | number): unknown;
  end(bytes: Uint8Array | string): unknown;
}

/** Looks for the page of a request, and answers with it; false: there is none. */
export type PageHandler = (request: PageRequest, response: PageResponse) => boolean;

/** Answers requests for `pages`. */
export function createPageHandler(pages: readonly AdminPage[]): PageHandler {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  return (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const page = byPath.get(path);
    if (page === undefined) return false;
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      write(response, { status: 405, contentType: "text/plain", body: "use GET or HEAD\n" }, true);
      return true;
    }
    const { headers } = request;
    answer(page, { headers, query: new URLSearchParams(query) })
      .then((found) => write(response, found, method === "GET"))
      .catch(() => {}); // who asked has gone: HTTP/2 throws for a header of a closed stream
    return true;
  };
}

async function answer(page: AdminPage, request: Parameters<AdminPage["answer"]>[0]): Promise<AdminPageAnswer> {
  try {
    return await page.answer(request);
  } catch (error) {
    const reason = error instanceof Error ? firstLine(error) : String(error);
    return { status: 500, contentType: "text/plain", body: `Cannot answer ${page.path}: ${reason}\n` };
  }
}

function write(response: PageResponse, answer: AdminPageAnswer, withBody: boolean): void {
  const { status, contentType, body, contentEncoding } = answer;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.setHeader("content-length", bytes.length);
  if (contentEncoding !== undefined) response.setHeader("content-encoding", contentEncoding);
  // What a probe is told must not come from a cache on the way.
  response.setHeader("cache-control", "no-store");
  response.end(withBody ? bytes : "");
}
