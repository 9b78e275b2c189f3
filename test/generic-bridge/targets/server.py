# SPDX-License-Identifier: Apache-2.0
"""An ordinary grpcio server of grpc.testing.TestService with reflection and health checks. It knows nothing of routers.

Usage: server.py PROTO_FOLDER. Prints `ready PORT`. SIGUSR1 makes its health NOT_SERVING, SIGUSR2 SERVING.
"""

import signal
import sys
import tempfile
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_tools import protoc

SERVICE = "grpc.testing.TestService"
INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def load(folder):
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        files = ["grpc/testing/messages.proto", "grpc/testing/test.proto"]
        assert protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={out.name}", *files]) == 0
        described = descriptor_pb2.FileDescriptorSet.FromString(open(out.name, "rb").read())
    pool = descriptor_pool.Default()
    for file in described.file:
        pool.AddSerializedFile(file.SerializeToString())
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"grpc.testing.{name}"))


def main(folder):
    message = load(folder)
    output, payload = message("StreamingOutputCallResponse"), message("Payload")

    def echo(context):
        sent = context.invocation_metadata()
        initial = [(key, value) for key, value in sent if key == INITIAL]
        if initial:
            context.send_initial_metadata(initial)
        context.set_trailing_metadata([(key, value) for key, value in sent if key == TRAILING])

    def judge(context, status):
        if status.code != 0:
            code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
            context.abort(code, status.message)

    def answers(request):
        for wanted in request.response_parameters:
            time.sleep(wanted.interval_us / 1e6)
            yield output(payload=payload(body=bytes(wanted.size)))

    def empty_call(_request, context):
        echo(context)
        return message("Empty")()

    def unary_call(request, context):
        echo(context)
        judge(context, request.response_status)
        return message("SimpleResponse")(payload=payload(body=bytes(request.response_size)))

    def streaming_output_call(request, context):
        echo(context)
        yield from answers(request)

    def streaming_input_call(requests, context):
        echo(context)
        size = sum(len(request.payload.body) for request in requests)
        return message("StreamingInputCallResponse")(aggregated_payload_size=size)

    def full_duplex_call(requests, context):
        echo(context)
        for request in requests:
            judge(context, request.response_status)
            yield from answers(request)

    def method(kind, behaviour, request):
        handler = getattr(grpc, f"{kind}_rpc_method_handler")
        return handler(behaviour, message(request).FromString, lambda reply: reply.SerializeToString())

    methods = {
        "EmptyCall": method("unary_unary", empty_call, "Empty"),
        "UnaryCall": method("unary_unary", unary_call, "SimpleRequest"),
        "StreamingOutputCall": method("unary_stream", streaming_output_call, "StreamingOutputCallRequest"),
        "StreamingInputCall": method("stream_unary", streaming_input_call, "StreamingInputCallRequest"),
        "FullDuplexCall": method("stream_stream", full_duplex_call, "StreamingOutputCallRequest"),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    statuses = health_pb2.HealthCheckResponse

    def say(status):
        servicer.set(SERVICE, status)
        print(f"health {statuses.ServingStatus.Name(status)}", flush=True)

    servicer.set("", statuses.SERVING)
    say(statuses.SERVING)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    wanted = []
    signal.signal(signal.SIGUSR1, lambda *_: wanted.append(statuses.NOT_SERVING))
    signal.signal(signal.SIGUSR2, lambda *_: wanted.append(statuses.SERVING))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"ready {port}", flush=True)
    while True:
        time.sleep(0.02)
        while wanted:
            say(wanted.pop(0))


if __name__ == "__main__":
    main(sys.argv[1])
