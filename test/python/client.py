# SPDX-License-Identifier: Apache-2.0
"""Calls grpc.testing.TestService through a router with grpcio: all four kinds, metadata, deadline, cancel.

Usage: client.py HOST:PORT PROTO_FOLDER. Messages are built from the .proto at start, so nothing is generated.
Prints one line per check and exits 0 only if all of them hold.
"""

import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc


def load(folder):
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        files = ["grpc/testing/messages.proto", "grpc/testing/test.proto"]
        assert protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={out.name}", *files]) == 0
        described = descriptor_pb2.FileDescriptorSet.FromString(open(out.name, "rb").read())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"grpc.testing.{name}"))


def main(target, folder):
    message = load(folder)
    channel = grpc.insecure_channel(target)

    def method(kind, name, answer):
        return getattr(channel, kind)(
            f"/grpc.testing.TestService/{name}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message(answer).FromString,
        )

    unary = method("unary_unary", "UnaryCall", "SimpleResponse")
    server_streaming = method("unary_stream", "StreamingOutputCall", "StreamingOutputCallResponse")
    client_streaming = method("stream_unary", "StreamingInputCall", "StreamingInputCallResponse")
    bidi = method("stream_stream", "FullDuplexCall", "StreamingOutputCallResponse")
    payload, parameters = message("Payload"), message("ResponseParameters")
    output = message("StreamingOutputCallRequest")

    def check(name, holds):
        print(("ok   " if holds else "FAIL ") + name)
        return holds

    def unary_kind():
        request = message("SimpleRequest")(response_size=314159, payload=payload(body=bytes(271828)))
        return len(unary(request).payload.body) == 314159

    def server_streaming_kind():
        wanted = [31415, 9, 2653, 58979]
        request = output(response_parameters=[parameters(size=size) for size in wanted])
        return [len(answer.payload.body) for answer in server_streaming(request)] == wanted

    def client_streaming_kind():
        request = message("StreamingInputCallRequest")
        sent = (request(payload=payload(body=bytes(size))) for size in [27182, 8, 1828, 45904])
        return client_streaming(sent).aggregated_payload_size == 74922

    def bidi_kind():
        sent = (output(response_parameters=[parameters(size=size)]) for size in [5, 0, 70000])
        return [len(answer.payload.body) for answer in bidi(sent)] == [5, 0, 70000]

    def metadata():
        sent = [("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]
        _, call = unary.with_call(message("SimpleRequest")(response_size=1), metadata=sent)
        return sent[0] in list(call.initial_metadata()) and sent[1] in list(call.trailing_metadata())

    def deadline():
        slow = output(response_parameters=[parameters(size=1, interval_us=10_000_000)])
        try:
            list(server_streaming(slow, timeout=0.2))
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        return False

    def cancel():
        call = bidi(iter([output(response_parameters=[parameters(size=3), parameters(size=1, interval_us=10_000_000)])]))
        next(call)
        call.cancel()
        try:
            next(call)
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.CANCELLED
        return False

    checks = [unary_kind, server_streaming_kind, client_streaming_kind, bidi_kind, metadata, deadline, cancel]
    return all([check(one.__name__, one()) for one in checks])


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], sys.argv[2]) else 1)
