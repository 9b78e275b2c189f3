// SPDX-License-Identifier: Apache-2.0
import type { PeerKind, PeerName } from "./peer.ts";
import { envoy, haproxy, nginx } from "./proxies.ts";
import { bridge, router, routerAndBridge } from "./router.ts";
import { backend, connectNode, grpcGo, grpcGoProxy, grpcJs, relay } from "./servers.ts";

/** Everything that the bench can measure. */
export const peers: Readonly<Record<PeerName, PeerKind>> = {
  router,
  bridge,
  "router+bridge": routerAndBridge,
  haproxy,
  nginx,
  envoy,
  "grpc-go-proxy": grpcGoProxy,
  relay,
  backend,
  "grpc-js": grpcJs,
  "connect-node": connectNode,
  "grpc-go": grpcGo,
};
