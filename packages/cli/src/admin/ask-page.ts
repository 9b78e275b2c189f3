// SPDX-License-Identifier: Apache-2.0

import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { type Io, interrupted } from "../io.js";
import type { AdminTarget } from "./admin-target.js";

/** What a page answered. */
export interface PageAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly text: string;
}

/** Milliseconds that a page may take. */
const pageMs = 5_000;

/** Asks for a page of the admin listener, such as `/ready`. Undefined: nobody answers. @throws CliError `interrupted` */
export function askPage({ url, token, tls }: AdminTarget, path: string, io: Io): Promise<PageAnswer | undefined> {
  const headers = { connection: "close", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const options = { ...tls, headers, agent: false, timeout: pageMs, signal: io.stop };
  return new Promise((resolve, reject) => {
    const give = (answer?: PageAnswer): void => {
      if (io.stop.aborted) reject(interrupted(io, `Ended before ${url} had answered`));
      else resolve(answer);
    };
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url + path, options, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("close", () => give({ status: response.statusCode ?? 0, text }));
      response.on("error", () => {}); // 'close' follows
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => give());
  });
}
