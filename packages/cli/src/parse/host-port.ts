// SPDX-License-Identifier: Apache-2.0

import { InvalidArgumentError } from "commander";

/** Where to listen. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, `:port`, `port` or `[::1]:port`; without a host it is this machine only. @throws InvalidArgumentError */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  if (match === null || port > 65_535) throw new InvalidArgumentError("Write host:port, such as 127.0.0.1:8080.");
  const host = (match.groups?.host ?? "").replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? "127.0.0.1" : host, port };
}
