// SPDX-License-Identifier: Apache-2.0

import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import type { AdminTarget } from "./admin-target.js";

/** What a page answered. */
export interface PageAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly text: string;
}

/** Milliseconds that a page may take. */
const pageMs = 5_000;

/** Asks for a page of the admin listener, such as `/ready`. Undefined: nobody answers. */
export function askPage({ url, token, tls }: AdminTarget, path: string): Promise<PageAnswer | undefined> {
  const headers = { connection: "close", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return new Promise((resolve) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url + path, { ...tls, headers, agent: false, timeout: pageMs }, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("close", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}
