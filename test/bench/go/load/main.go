// SPDX-License-Identifier: Apache-2.0

// Command load puts a gRPC server or proxy under load over HTTP/2 and prints what came of it as one line of JSON.
//
// Closed loop (default): every connection keeps -streams calls in flight. Open loop (-rate): calls begin when a Poisson
// process says so, whatever became of those before, and a call's latency counts from the moment at which it should have
// begun, so that a server that stands still is charged for the calls that it held up (coordinated omission).
//
// It writes and reads HTTP/2 frames itself (golang.org/x/net/http2 has the framer and HPACK) and shares no code with the
// router.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

type options struct {
	address     string
	ca          string
	path        string
	kind        string
	connections int
	streams     int
	calls       int64
	seconds     float64
	rate        float64
	warmUp      float64
	seed        uint64
	size        int
	messages    int
	replyBytes  int
	thin        bool
	metadata    int
	changing    bool
	methods     int
	cancel      float64
	churn       bool
	idle        bool
	hold        bool
}

func parseOptions() *options {
	o := &options{}
	flag.StringVar(&o.address, "address", "", "host:port of the server")
	flag.StringVar(&o.ca, "ca", "", "PEM file of the server's authority; with it TLS, else h2c")
	flag.StringVar(&o.path, "path", "/bench.v1.EchoService/Echo", "path of the method; with -methods a format for a number")
	flag.StringVar(&o.kind, "kind", "unary", "unary, server, client or bidi (one message after the other)")
	flag.IntVar(&o.connections, "connections", 1, "connections")
	flag.IntVar(&o.streams, "streams", 1, "calls in flight on each, in the closed loop")
	flag.Int64Var(&o.calls, "calls", 0, "calls to make; 0: until -seconds are over")
	flag.Float64Var(&o.seconds, "seconds", 1, "how long calls begin, when -calls is 0")
	flag.Float64Var(&o.rate, "rate", 0, "open loop: calls that begin in a second, all connections together")
	flag.Float64Var(&o.warmUp, "warm-up", 0, "open loop: seconds before latencies count")
	flag.Uint64Var(&o.seed, "seed", 1, "of the Poisson process and of what changes from call to call")
	flag.IntVar(&o.size, "size", 7, "bytes of the payload of a request message")
	flag.IntVar(&o.messages, "messages", 1, "messages of a stream")
	flag.IntVar(&o.replyBytes, "reply-bytes", 100, "server: bytes of the payload of a message")
	flag.BoolVar(&o.thin, "thin", false, "server: one message per stream and tick in place of bursts")
	flag.IntVar(&o.metadata, "metadata", 0, "metadata entries of every call")
	flag.BoolVar(&o.changing, "changing", false, "another timeout and trace id in every call")
	flag.IntVar(&o.methods, "methods", 1, "methods that calls take in turn")
	flag.Float64Var(&o.cancel, "cancel", 0, "share of the calls that are cancelled")
	flag.BoolVar(&o.churn, "churn", false, "a connection for every call; -connections at once")
	flag.BoolVar(&o.idle, "idle", false, "one call on each connection, then hold all open until standard input ends")
	flag.BoolVar(&o.hold, "hold", false, "begin connections × streams calls and hold them until standard input ends")
	flag.Parse()
	return o
}

// report is what is printed. Times are in nanoseconds; a histogram is pairs of the upper end of a bucket and its count.
type report struct {
	Calls     int64            `json:"calls"`
	Cancelled int64            `json:"cancelled"`
	Messages  int64            `json:"messages"`
	Failures  map[string]int64 `json:"failures"`
	Seconds   float64          `json:"seconds"`
	// Latency from the moment at which a call should have begun.
	Latency [][2]int64 `json:"latency"`
	// Late is how much later than that it did begin, open loop only: what the load program itself adds.
	Late [][2]int64 `json:"late,omitempty"`
}

func main() {
	debug.SetGCPercent(400)
	// Two, so that the thread that sleeps until the next call does not keep the readers waiting.
	runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	o := parseOptions()
	begun := time.Now()
	total, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if total == nil {
		return
	}
	_ = json.NewEncoder(os.Stdout).Encode(report{
		Calls:     total.calls,
		Cancelled: total.cancelled,
		Messages:  total.messages,
		Failures:  total.failures,
		Seconds:   time.Since(begun).Seconds(),
		Latency:   total.latency.pairs(),
		Late:      total.late.pairs(),
	})
}

func run(o *options) (*tally, error) {
	switch {
	case o.idle || o.hold:
		return nil, hold(o)
	case o.churn:
		return churn(o)
	case o.rate > 0:
		return openLoop(o)
	default:
		return closedLoop(o)
	}
}

// hold keeps connections, or calls, open until standard input ends.
func hold(o *options) error {
	connections := make([]*connection, 0, o.connections)
	for range o.connections {
		c, err := dial(o)
		if err != nil {
			return fmt.Errorf("connection %d: %w", len(connections)+1, err)
		}
		connections = append(connections, c)
		if o.hold {
			c.startAll(o.streams)
			continue
		}
		if err := c.callOnce(); err != nil {
			return fmt.Errorf("connection %d: %w", len(connections), err)
		}
	}
	fmt.Printf("{\"held\":%d}\n", len(connections)*max(1, o.streams))
	_, _ = io.Copy(io.Discard, os.Stdin)
	// Only now may the garbage collector close them.
	runtime.KeepAlive(connections)
	return nil
}
