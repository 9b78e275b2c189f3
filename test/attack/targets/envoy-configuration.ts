// SPDX-License-Identifier: Apache-2.0
import { type ProxyPorts, unharmedPrefix } from "./proxy.ts";

/**
 * Envoy as its own page "Configuring Envoy as an edge proxy" advises: buffer limits of 32 KiB, 100 streams, windows of
 * 64 KiB and 1 MiB, time limits, a heap budget; everything else is its default. JSON, which Envoy reads as it reads YAML.
 */
export function envoyConfiguration({ port, attackedPort, unharmedPort, tls }: ProxyPorts): string {
  return JSON.stringify({
    overload_manager: overloadManager,
    static_resources: {
      listeners: [
        {
          name: "edge",
          address: socketAddress(port),
          per_connection_buffer_limit_bytes: 32_768,
          filter_chains: [
            {
              filters: [{ name: "http", typed_config: connectionManager }],
              ...(tls === undefined ? {} : { transport_socket: downstreamTls(tls) }),
            },
          ],
        },
      ],
      clusters: [cluster("attacked", attackedPort), cluster("unharmed", unharmedPort)],
    },
  });
}

function cluster(name: string, port: number) {
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    per_connection_buffer_limit_bytes: 32_768,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: windows },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    },
  };
}

const windows = { initial_stream_window_size: 65_536, initial_connection_window_size: 1_048_576 };

const overloadManager = {
  refresh_interval: "0.25s",
  resource_monitors: [
    {
      name: "envoy.resource_monitors.fixed_heap",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes: 2_147_483_648,
      },
    },
    {
      name: "envoy.resource_monitors.global_downstream_max_connections",
      typed_config: {
        "@type":
          "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections: 8_192,
      },
    },
  ],
  actions: [
    { name: "envoy.overload_actions.shrink_heap", triggers: [heapAt(0.95)] },
    { name: "envoy.overload_actions.stop_accepting_requests", triggers: [heapAt(0.98)] },
  ],
};

const connectionManager = {
  "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  stat_prefix: "edge",
  codec_type: "HTTP2",
  use_remote_address: true,
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT",
  common_http_protocol_options: { idle_timeout: "3600s", headers_with_underscores_action: "REJECT_REQUEST" },
  http2_protocol_options: { max_concurrent_streams: 100, ...windows },
  stream_idle_timeout: "300s",
  request_timeout: "300s",
  request_headers_timeout: "10s",
  route_config: {
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        routes: [
          { match: { prefix: unharmedPrefix }, route: { cluster: "unharmed", timeout: "0s" } },
          { match: { prefix: "/" }, route: { cluster: "attacked", timeout: "0s" } },
        ],
      },
    ],
  },
  http_filters: [
    {
      name: "envoy.filters.http.router",
      typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    },
  ],
};

function heapAt(value: number) {
  return { name: "envoy.resource_monitors.fixed_heap", threshold: { value } };
}

function socketAddress(port: number) {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function downstreamTls({ cert, key }: { readonly cert: string; readonly key: string }) {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: {
        alpn_protocols: ["h2"],
        tls_certificates: [{ certificate_chain: { filename: cert }, private_key: { filename: key } }],
      },
    },
  };
}
