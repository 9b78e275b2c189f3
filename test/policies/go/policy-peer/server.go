// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"path"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// ran is what the server says of each call that it runs.
type ran struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	// grpc-previous-rpc-attempts; 0: none.
	AttemptsBefore uint64 `json:"attemptsBefore"`
	// Milliseconds; null: no deadline.
	TimeoutMs *float64 `json:"timeoutMs"`
}

type server struct {
	id string
	mu sync.Mutex
	// Times that a call of a name was run.
	runs map[string]int
}

func runServer(id string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{id: id, runs: map[string]int{}}
	say("ready", listener.Addr().(*net.TCPAddr).Port)
	return grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(s.handle)).Serve(listener)
}

// handle does what the metadata of the call asks for: `fail-times` with `fail-code`, `pushback`,
// `header-first`, `hold`.
func (s *server) handle(_ any, stream grpc.ServerStream) error {
	service, method := methodOf(stream)
	if service != "/faults.v1.FaultService/" {
		return status.Error(codes.Unimplemented, service+" is not served")
	}
	var bytes []byte
	if err := stream.RecvMsg(&bytes); err != nil {
		return err
	}
	name, err := decodeOrder(bytes)
	if err != nil {
		return err
	}
	ctx := stream.Context()
	fields, _ := metadata.FromIncomingContext(ctx)
	about := ran{Name: name, Method: method, AttemptsBefore: uint64(numberOf(fields, "grpc-previous-rpc-attempts")), TimeoutMs: timeLeft(ctx)}
	say("ran", about)
	if len(fields.Get("header-first")) > 0 {
		if err := stream.SendHeader(metadata.Pairs("attempts-before", strconv.FormatUint(about.AttemptsBefore, 10))); err != nil {
			return err
		}
	}
	if len(fields.Get("hold")) > 0 {
		<-ctx.Done()
		say("aborted", name)
		return status.FromContextError(ctx.Err()).Err()
	}
	s.mu.Lock()
	s.runs[name]++
	runs := s.runs[name]
	s.mu.Unlock()
	if runs <= numberOf(fields, "fail-times") {
		if pushback := fields.Get("pushback"); len(pushback) > 0 {
			stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", pushback[0]))
		}
		return status.Error(codes.Code(numberOf(fields, "fail-code")), "as ordered")
	}
	answer := report{Instance: s.id, AttemptsBefore: about.AttemptsBefore}.encode()
	return stream.SendMsg(&answer)
}

func methodOf(stream grpc.ServerStream) (service, method string) {
	full, _ := grpc.MethodFromServerStream(stream)
	return path.Split(full)
}

// timeLeft is nil without a deadline.
func timeLeft(ctx context.Context) *float64 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	ms := float64(time.Until(deadline).Microseconds()) / 1_000
	return &ms
}

// numberOf is 0 for a field that is not there.
func numberOf(fields metadata.MD, name string) int {
	values := fields.Get(name)
	if len(values) == 0 {
		return 0
	}
	number, err := strconv.Atoi(values[0])
	if err != nil {
		return 0
	}
	return number
}
