// SPDX-License-Identifier: Apache-2.0

import { execFile } from "node:child_process";
import { NOTIFY_TIMEOUT_MS } from "../limits.js";

/**
 * Sends one message of assignments (`READY=1`, …) to NOTIFY_SOCKET by `systemd-notify`, which returns when the service
 * manager has read it, so its sender is still known then (systemd 246).
 *
 * @throws Error of Node, ENOENT if there is no such program; or with what the program has said.
 */
export function runSystemdNotify(
  message: readonly string[],
  { PATH, NOTIFY_SOCKET }: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const options = { env: { PATH, NOTIFY_SOCKET }, timeout: NOTIFY_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    execFile("systemd-notify", message, options, (error, _out, said) => {
      if (error === null) resolve();
      else if (said.trim() === "") reject(error);
      else reject(new Error(said.trim(), { cause: error }));
    });
  });
}
