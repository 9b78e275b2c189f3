// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawCodec passes messages as bytes.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (rawCodec) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

// client makes calls over one connection and writes down what becomes of them.
type client struct {
	connection *grpc.ClientConn
	ledger     *ledger
	mu         sync.Mutex
	paused     map[string]chan struct{}
	// Calls of which something that can be written at once is still to be written.
	unsent sync.WaitGroup
}

// Payloads above this size wait for flow control, so nobody waits for them to be written.
const largeBytes = 32 << 10

// run makes one call of any kind and writes its end.
func (c *client) run(o *order, resume <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if o.DeadlineMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(o.DeadlineMs)*time.Millisecond)
		defer cancel()
	}
	if o.CancelAfterMs > 0 {
		timer := time.AfterFunc(time.Duration(o.CancelAfterMs)*time.Millisecond, cancel)
		defer timer.Stop()
	}
	pairs := []string{"call", o.Call}
	if o.Patient {
		pairs = append(pairs, "x-grpc-router-wait-for-ready", "true")
	}
	ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
	err := c.exchange(ctx, o, resume)
	c.mu.Lock()
	delete(c.paused, o.Call)
	c.mu.Unlock()
	c.writeEnd(o.Call, err)
}

func (c *client) exchange(ctx context.Context, o *order, resume <-chan struct{}) error {
	sent := sync.OnceFunc(c.unsent.Done)
	desc := &grpc.StreamDesc{StreamName: o.Method, ServerStreams: true, ClientStreams: true}
	stream, err := c.connection.NewStream(ctx, desc, "/ledger.v1.LedgerService/"+o.Method,
		grpc.ForceCodec(rawCodec{}), grpc.WaitForReady(o.Patient), grpc.MaxCallRecvMsgSize(1<<30))
	if err != nil {
		sent()
		return err
	}
	go c.send(stream, o, resume, sent)
	for {
		var bytes []byte
		if err := stream.RecvMsg(&bytes); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		index, payload, err := decodeResult(bytes)
		if err != nil {
			return err
		}
		c.ledger.write(record{"event": "in", "call": o.Call, "hash": hashPayload(index, payload)})
	}
}

// send writes the request, and calls sent when it has written what goes at once; its errors are the stream's, which the
// reader gets.
func (c *client) send(stream grpc.ClientStream, o *order, resume <-chan struct{}, sent func()) {
	defer sent()
	if o.Bytes > largeBytes {
		sent()
	}
	for index := range o.Messages {
		if o.PauseAfter > 0 && index == o.PauseAfter {
			sent()
			select {
			case <-resume:
			case <-stream.Context().Done():
				return
			}
		}
		payload := make([]byte, o.Bytes)
		for at := range payload {
			payload[at] = byte(at*31 + index*7 + len(o.Call))
		}
		c.ledger.write(record{"event": "out", "call": o.Call, "hash": hashPayload(uint64(index), payload)})
		message := encodeWork(o, uint64(index), payload)
		if stream.SendMsg(&message) != nil {
			return
		}
	}
	_ = stream.CloseSend()
}

func (c *client) writeEnd(call string, err error) {
	end := status.Convert(err)
	reason, execution := "", ""
	for _, detail := range end.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason, execution = info.GetReason(), info.GetMetadata()["execution"]
		}
	}
	c.ledger.write(record{
		"event": "end", "call": call, "code": int(end.Code()), "message": end.Message(),
		"reason": reason, "execution": execution,
	})
}
