// SPDX-License-Identifier: Apache-2.0

// Command proxy is a transparent gRPC proxy as one writes it with grpc-go: every method, no message decoded, metadata and
// status passed on. It prints `ready 127.0.0.1:PORT`.
//
//	proxy HOST:PORT    where calls go
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// The largest message that either side may send; the default of receivers is 4 MiB.
const maxMessageBytes = 80 << 20

// Windows as wide as those of the other proxies.
const windowBytes = 1 << 20

func main() {
	backend, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(windowBytes),
		grpc.WithInitialConnWindowSize(16*windowBytes),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodecV2(rawCodec{}),
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			grpc.MaxCallSendMsgSize(maxMessageBytes),
		),
	)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.MaxSendMsgSize(maxMessageBytes),
		grpc.InitialWindowSize(windowBytes),
		grpc.InitialConnWindowSize(16*windowBytes),
		grpc.UnknownServiceHandler(func(_ any, client grpc.ServerStream) error { return forward(client, backend) }),
	)
	fmt.Printf("ready %s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}

// rawCodec leaves messages as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return *message.(*mem.BufferSlice), nil
}

// Unmarshal keeps the buffers, which the transport would else take back.
func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	data.Ref()
	*message.(*mem.BufferSlice) = data
	return nil
}

var anyStream = &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

func forward(client grpc.ServerStream, backend *grpc.ClientConn) error {
	method, ok := grpc.MethodFromServerStream(client)
	if !ok {
		return status.Error(codes.Internal, "the stream has no method")
	}
	ctx := client.Context()
	if fields, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, fields)
	}
	server, err := backend.NewStream(ctx, anyStream, method)
	if err != nil {
		return err
	}
	go func() {
		if err := copyMessages(client.RecvMsg, server.SendMsg); errors.Is(err, io.EOF) {
			_ = server.CloseSend()
		}
	}()
	if fields, err := server.Header(); err == nil {
		_ = client.SetHeader(fields)
	}
	err = copyMessages(server.RecvMsg, client.SendMsg)
	client.SetTrailer(server.Trailer())
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// copyMessages ends with the error of the side that ends first, io.EOF when that is the receiving side's orderly end.
func copyMessages(receive, send func(any) error) error {
	for {
		var message mem.BufferSlice
		if err := receive(&message); err != nil {
			return err
		}
		if err := send(&message); err != nil {
			return fmt.Errorf("sending: %w", err)
		}
	}
}
