// SPDX-License-Identifier: Apache-2.0
import type { TargetName } from "../attack.ts";
import { envoyTarget } from "./envoy.ts";
import { haproxyTarget } from "./haproxy.ts";
import { nodeHttp2Target } from "./node-http2.ts";
import { routerTarget } from "./router.ts";
import type { Target } from "./target.ts";

/** What can be attacked, by name. */
export const targets: Record<TargetName, Target> = {
  router: routerTarget,
  "node-http2": nodeHttp2Target,
  haproxy: haproxyTarget,
  envoy: envoyTarget,
};
