// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"

	"golang.org/x/net/http2"
)

// The life of a call. Everything here is called with the connection's mutex held.

func (c *connection) start(due dueCall) {
	if len(c.open) >= c.maxOpen {
		c.waiting = append(c.waiting, due)
		return
	}
	call := c.takeCall()
	call.id, call.due, call.unmeasured, call.window = c.nextID, due.at, due.unmeasured, c.initial
	c.nextID += 2
	c.open[call.id] = call
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: call.id, BlockFragment: c.writeHead(), EndHeaders: true})
	c.begun++
	call.toSend = 1
	if c.options.kind == "client" {
		call.toSend = c.options.messages
	}
	c.pump(call)
	if c.options.cancel > 0 && c.random.Float64() < c.options.cancel {
		c.cancelling = append(c.cancelling, call)
	}
}

// takeCall is an empty record, used before or new.
func (c *connection) takeCall() *call {
	last := len(c.free) - 1
	if last < 0 {
		return &call{}
	}
	used := c.free[last]
	c.free = c.free[:last]
	*used = call{}
	return used
}

// pump sends as much of the request as the windows let.
func (c *connection) pump(call *call) {
	for call.toSend > 0 {
		rest := c.request[call.sent:]
		n := int(min(int64(len(rest)), frameBytes, c.window, call.window))
		if n <= 0 {
			if !call.blocked {
				call.blocked = true
				c.blocked = append(c.blocked, call)
			}
			return
		}
		last := n == len(rest) && call.toSend == 1 && c.options.kind != "bidi"
		_ = c.framer.WriteData(call.id, last, rest[:n])
		c.window -= int64(n)
		call.window -= int64(n)
		call.sent += n
		if call.sent == len(c.request) {
			call.sent = 0
			call.toSend--
		}
	}
}

// converse answers a message of the server with the next one, or ends the call.
func (c *connection) converse(call *call) {
	if call.messages >= c.options.messages {
		_ = c.framer.WriteData(call.id, true, nil)
		return
	}
	call.toSend++
	c.pump(call)
}

// finish takes a call out and lets the next one begin. An empty fault means that its status was OK.
func (c *connection) finish(call *call, fault string) {
	if fault == "" && call.messages != c.expectedMessages() {
		fault = "wrong number of messages"
	}
	if fault != "" {
		c.tally.fail(fault)
	} else if !call.unmeasured {
		c.tally.calls++
		c.tally.messages += int64(call.messages)
		if c.options.kind == "client" {
			c.tally.messages += int64(c.options.messages - 1)
		}
		c.tally.latency.add(int64(time.Since(call.due)))
	}
	c.drop(call)
	c.goOn()
}

func (c *connection) expectedMessages() int {
	if c.options.kind == "server" || c.options.kind == "bidi" {
		return c.options.messages
	}
	return 1
}

// drop forgets a call; a call that waits for a window is still in that list, so it is not used again.
func (c *connection) drop(call *call) {
	delete(c.open, call.id)
	if !call.blocked && c.options.cancel == 0 {
		c.free = append(c.free, call)
	}
	c.ended()
}

func (c *connection) goOn() {
	if len(c.waiting) > 0 {
		due := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.start(due)
	} else if c.next() {
		c.start(dueCall{at: time.Now()})
	}
}

// cancelSome resets the calls that were chosen for it and are still open.
func (c *connection) cancelSome() {
	chosen := c.cancelling
	c.cancelling = nil
	for _, call := range chosen {
		if c.open[call.id] != call {
			continue
		}
		_ = c.framer.WriteRSTStream(call.id, http2.ErrCodeCancel)
		c.tally.cancelled++
		c.drop(call)
		c.goOn()
	}
}

// The rest is called without the mutex.

func (c *connection) startAll(count int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for range count {
		c.start(dueCall{at: time.Now()})
	}
	_ = c.out.Flush()
}

// callOnce makes one call and waits for its end.
func (c *connection) callOnce() error {
	done := make(chan struct{})
	c.mutex.Lock()
	c.ended = func() { close(done); c.ended = func() {} }
	c.start(dueCall{at: time.Now()})
	_ = c.out.Flush()
	c.mutex.Unlock()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		return errors.New("no answer in 20 s")
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for reason := range c.tally.failures {
		return errors.New(reason)
	}
	return nil
}
