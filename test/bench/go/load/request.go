// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"

	"golang.org/x/net/http2/hpack"
)

// writeHead encodes the head of the next call as grpc-go does: every field may go into the table.
func (c *connection) writeHead() []byte {
	c.block.Reset()
	o := c.options
	path := o.path
	if o.methods > 1 {
		path = fmt.Sprintf(o.path, c.begun%int64(o.methods))
	}
	scheme := "http"
	if o.ca != "" {
		scheme = "https"
	}
	c.writeField(":method", "POST")
	c.writeField(":scheme", scheme)
	c.writeField(":path", path)
	c.writeField(":authority", o.address)
	c.writeField("content-type", "application/grpc")
	c.writeField("user-agent", "bench-load/1.0")
	c.writeField("te", "trailers")
	if o.changing {
		c.writeField("grpc-timeout", strconv.Itoa(20_000_000+c.random.IntN(70_000_000))+"u")
		c.writeField("traceparent", traceParent(c.random))
	}
	for index := range o.metadata {
		c.writeField("x-bench-entry-"+strconv.Itoa(index), "value-of-some-length-"+strconv.Itoa(index))
	}
	return c.block.Bytes()
}

func (c *connection) writeField(name, value string) {
	// Writing to a bytes.Buffer does not fail.
	_ = c.encoder.WriteField(hpack.HeaderField{Name: name, Value: value})
}

// traceParent is a W3C trace context of a new trace.
func traceParent(random *rand.Rand) string {
	var id [24]byte
	binary.BigEndian.PutUint64(id[0:], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	binary.BigEndian.PutUint64(id[16:], random.Uint64())
	return "00-" + hex.EncodeToString(id[:16]) + "-" + hex.EncodeToString(id[16:]) + "-01"
}

// requestMessage is the length-prefixed message of -kind.
func requestMessage(o *options) []byte {
	if o.kind == "server" {
		return framed(watchRequest(o.messages, o.replyBytes, o.thin))
	}
	message := append([]byte{0x0a}, binary.AppendUvarint(nil, uint64(o.size))...)
	for range o.size {
		message = append(message, 'x')
	}
	return framed(message)
}

// watchRequest is a bench.v1.WatchRequest.
func watchRequest(messages, payloadBytes int, thin bool) []byte {
	message := binary.AppendUvarint([]byte{0x08}, uint64(messages))
	message = binary.AppendUvarint(append(message, 0x10), uint64(payloadBytes))
	if thin {
		message = append(message, 0x18, 1)
	}
	return message
}

func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}
