# SPDX-License-Identifier: Apache-2.0
"""A collector of OTLP traces over HTTP, by OpenTelemetry's own protos: a line of JSON for each export."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service


class Collector(BaseHTTPRequestHandler):
    """Answers exports as the specification has it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = service.ExportTraceServiceRequest.FromString(self.read_body())
        about = {"path": self.path, "type": self.headers["content-type"]}
        print(json.dumps({**about, **MessageToDict(request)}), flush=True)
        answer = service.ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def read_body(self):
        length = self.headers["content-length"]
        if length is not None:
            return self.rfile.read(int(length))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_):
        """Says nothing of requests: standard output is for exports."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(f"ready {server.server_address[1]}", flush=True)
server.serve_forever()
