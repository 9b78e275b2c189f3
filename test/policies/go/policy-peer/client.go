// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// call is one line of standard input.
type call struct {
	ID         int               `json:"id"`
	Method     string            `json:"method"`
	Name       string            `json:"name"`
	Metadata   map[string]string `json:"metadata"`
	DeadlineMs int               `json:"deadlineMs"`
}

// answer is what a call came to.
type answer struct {
	ID      int         `json:"id"`
	Code    codes.Code  `json:"code"`
	Details string      `json:"details"`
	Reports []report    `json:"reports"`
	Header  metadata.MD `json:"header"`
	TookMs  float64     `json:"tookMs"`
}

func runClient(address, serviceConfig string) error {
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig))
	if err != nil {
		return err
	}
	say("ready", nil)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		go func() {
			began := time.Now()
			a := answer{ID: c.ID, Reports: []report{}}
			end := status.Convert(c.run(connection, &a))
			a.Code, a.Details = end.Code(), end.Message()
			a.TookMs = float64(time.Since(began).Microseconds()) / 1_000
			say("answer", a)
		}()
	}
	return lines.Err() // the parent is gone
}

// run makes a call with one request message and reads its answers.
func (c *call) run(connection *grpc.ClientConn, a *answer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if c.DeadlineMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(c.DeadlineMs)*time.Millisecond)
		defer cancel()
	}
	ctx = metadata.NewOutgoingContext(ctx, metadata.New(c.Metadata))
	isStream := c.Method == "Watch" || c.Method == "WatchAgain"
	desc := &grpc.StreamDesc{StreamName: c.Method, ServerStreams: isStream}
	stream, err := connection.NewStream(ctx, desc, "/faults.v1.FaultService/"+c.Method, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		return err
	}
	order := encodeOrder(c.Name)
	if err := stream.SendMsg(&order); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		var bytes []byte
		err := stream.RecvMsg(&bytes)
		if err == nil {
			r, err := decodeReport(bytes)
			if err != nil {
				return err
			}
			a.Reports = append(a.Reports, r)
			if isStream {
				continue
			}
		}
		a.Header, _ = stream.Header()
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}
