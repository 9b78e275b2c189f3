// SPDX-License-Identifier: Apache-2.0

// Command server is a grpc-go server of bench.v1.EchoService with its defaults, for the comparison "a server by itself".
// wrapperspb.BytesValue has the same bytes on the wire as EchoRequest and EchoResponse, so no code is generated for it.
// It prints `ready 127.0.0.1:PORT`.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type echoService interface{}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.v1.EchoService",
		HandlerType: (*echoService)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
	}, struct{}{})
	fmt.Printf("ready %s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}

func echo(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := &wrapperspb.BytesValue{}
	if err := decode(request); err != nil {
		return nil, err
	}
	return &wrapperspb.BytesValue{Value: request.Value}, nil
}
