// SPDX-License-Identifier: Apache-2.0

// Command fault-client is a grpc-go client that keeps a ledger. It says `ready`, then every record of its ledger, and
// follows the commands of ../processes/command.ts on standard input. ../processes/client-process.ts is the same over
// grpc-js.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Longest line on standard input, in bytes.
const longestLine = 1 << 20

func main() {
	address := flag.String("address", "127.0.0.1:8080", "the router")
	path := flag.String("ledger", "/dev/null", "the ledger's file")
	flag.Parse()
	book, err := openLedger(*path)
	if err != nil {
		fail(err)
	}
	connection, err := grpc.NewClient("passthrough:///"+*address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		fail(err)
	}
	c := &client{connection: connection, ledger: book, paused: map[string]chan struct{}{}}
	book.say(record{"event": "ready"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			fail(err)
		}
		c.follow(&o)
	}
	os.Exit(1) // the parent is gone
}

func (c *client) follow(o *order) {
	switch o.Do {
	case "call":
		c.ledger.write(record{
			"event": "begin", "call": o.Call, "method": o.Method,
			"deadlineMs": o.DeadlineMs, "cancelAfterMs": o.CancelAfterMs,
		})
		resume := make(chan struct{})
		c.mu.Lock()
		c.paused[o.Call] = resume
		c.mu.Unlock()
		c.unsent.Add(1)
		go c.run(o, resume)
	case "go":
		c.mu.Lock()
		if resume, ok := c.paused[o.Call]; ok {
			close(resume)
			delete(c.paused, o.Call)
		}
		c.mu.Unlock()
	case "settle":
		go func() {
			c.unsent.Wait()
			// A built-in service answers only after what came before it on the connection was read.
			_, _ = healthpb.NewHealthClient(c.connection).Check(context.Background(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
			c.ledger.say(record{"event": "settled", "token": o.Token})
		}()
	case "probe":
		c.ledger.say(record{"event": "probe", "token": o.Token, "goroutines": runtime.NumGoroutine()})
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
