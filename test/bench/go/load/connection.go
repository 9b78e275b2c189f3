// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	streamWindow     = 1 << 20
	connectionWindow = 16 << 20
	frameBytes       = 16_384
)

// connection is one HTTP/2 connection in the client's role. Its reader handles what comes and, in the closed loop,
// begins the next call where one ends; what is written leaves when nothing more is there to be read.
type connection struct {
	options *options
	socket  net.Conn
	request []byte
	// next says whether another call shall begin, closed loop only.
	next   func() bool
	closed chan struct{}

	mutex      sync.Mutex
	in         *bufio.Reader
	out        *bufio.Writer
	framer     *http2.Framer
	encoder    *hpack.Encoder
	decoder    *hpack.Decoder
	block      bytes.Buffer
	random     *rand.Rand
	nextID     uint32
	begun      int64
	open       map[uint32]*call
	free       []*call
	maxOpen    int
	window     int64
	initial    int64
	blocked    []*call
	consumed   uint32
	cancelling []*call
	// waiting are times at which calls should have begun that the peer's limit of streams holds back.
	waiting []dueCall
	tally   tally
	status  string
	message string
	ended   func()
}

// dueCall is a call that shall begin.
type dueCall struct {
	at         time.Time
	unmeasured bool
}

func dial(o *options) (*connection, error) {
	socket, err := dialSocket(o)
	if err != nil {
		return nil, err
	}
	c := &connection{
		options: o,
		socket:  socket,
		request: requestMessage(o),
		next:    func() bool { return false },
		closed:  make(chan struct{}),
		in:      bufio.NewReaderSize(socket, 65_536),
		out:     bufio.NewWriterSize(socket, 65_536),
		random:  rand.New(rand.NewPCG(o.seed, rand.Uint64())),
		nextID:  1,
		open:    map[uint32]*call{},
		maxOpen: 100,
		window:  65_535,
		initial: 65_535,
		ended:   func() {},
	}
	c.framer = http2.NewFramer(c.out, c.in)
	c.framer.SetReuseFrames()
	c.encoder = hpack.NewEncoder(&c.block)
	c.decoder = hpack.NewDecoder(4096, c.onField)
	_, _ = c.out.WriteString(http2.ClientPreface)
	_ = c.framer.WriteSettings(
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
	)
	_ = c.framer.WriteWindowUpdate(0, connectionWindow-65_535)
	// The server's SETTINGS tell how many streams it bears.
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	if err := c.readFrame(); err != nil {
		return nil, fmt.Errorf("no SETTINGS: %w", err)
	}
	go c.read()
	return c, nil
}

func dialSocket(o *options) (net.Conn, error) {
	if o.ca == "" {
		return net.Dial("tcp", o.address)
	}
	pem, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	socket, err := tls.Dial("tcp", o.address, &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}})
	if err != nil {
		return nil, err
	}
	if protocol := socket.ConnectionState().NegotiatedProtocol; protocol != "h2" {
		return nil, fmt.Errorf("the server must speak h2, received %q", protocol)
	}
	return socket, nil
}

// read handles frames until the connection ends.
func (c *connection) read() {
	defer close(c.closed)
	for {
		if err := c.readFrame(); err != nil {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			for _, call := range c.open {
				c.tally.fail("connection: " + err.Error())
				c.drop(call)
			}
			return
		}
	}
}

func (c *connection) readFrame() error {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.handle(frame); err != nil {
		return err
	}
	if c.in.Buffered() > 0 {
		return nil
	}
	c.cancelSome()
	return c.out.Flush()
}

// handle is called with the mutex held.
func (c *connection) handle(frame http2.Frame) error {
	switch frame := frame.(type) {
	case *http2.DataFrame:
		c.onData(frame)
	case *http2.HeadersFrame:
		c.status = ""
		return c.onBlock(frame.StreamID, frame.HeaderBlockFragment(), frame.HeadersEnded(), frame.StreamEnded())
	case *http2.ContinuationFrame:
		return errors.New("CONTINUATION: heads of the bench fit one frame")
	case *http2.SettingsFrame:
		return c.onSettings(frame)
	case *http2.WindowUpdateFrame:
		c.onWindowUpdate(frame)
	case *http2.PingFrame:
		if !frame.IsAck() {
			return c.framer.WritePing(true, frame.Data)
		}
	case *http2.RSTStreamFrame:
		if call := c.open[frame.StreamID]; call != nil {
			c.finish(call, "RST_STREAM "+frame.ErrCode.String())
		}
	case *http2.GoAwayFrame:
		return fmt.Errorf("GOAWAY %s %s", frame.ErrCode, frame.DebugData())
	}
	return nil
}

func (c *connection) onField(field hpack.HeaderField) {
	switch field.Name {
	case "grpc-status":
		c.status = field.Value
	case "grpc-message":
		c.message = field.Value
	}
}

func (c *connection) onBlock(id uint32, block []byte, ended, last bool) error {
	if !ended {
		return errors.New("HEADERS without END_HEADERS: heads of the bench fit one frame")
	}
	if _, err := c.decoder.Write(block); err != nil {
		return err
	}
	if err := c.decoder.Close(); err != nil {
		return err
	}
	call := c.open[id]
	if call == nil || !last {
		return nil
	}
	if c.status != "0" {
		c.finish(call, "status "+c.status+" "+c.message)
	} else {
		c.finish(call, "")
	}
	return nil
}

func (c *connection) onData(frame *http2.DataFrame) {
	size := uint32(frame.Length)
	c.consumed += size
	if c.consumed >= connectionWindow/2 {
		_ = c.framer.WriteWindowUpdate(0, c.consumed)
		c.consumed = 0
	}
	call := c.open[frame.StreamID]
	if call == nil {
		return
	}
	call.consumed += size
	if call.consumed >= streamWindow/2 && !frame.StreamEnded() {
		_ = c.framer.WriteWindowUpdate(call.id, call.consumed)
		call.consumed = 0
	}
	whole := call.parser.feed(frame.Data())
	call.messages += whole
	if c.options.kind == "bidi" && whole > 0 {
		c.converse(call)
	}
	if frame.StreamEnded() {
		c.finish(call, "ended without trailers")
	}
}

func (c *connection) onSettings(frame *http2.SettingsFrame) error {
	if frame.IsAck() {
		return nil
	}
	// Streams without a limit are bounded by what the options ask for.
	if value, ok := frame.Value(http2.SettingMaxConcurrentStreams); ok {
		c.maxOpen = int(value)
	} else {
		c.maxOpen = 1 << 30
	}
	if value, ok := frame.Value(http2.SettingInitialWindowSize); ok {
		for _, call := range c.open {
			call.window += int64(value) - c.initial
		}
		c.initial = int64(value)
		c.pumpBlocked() // a server may widen the windows of open streams with nothing but this
	}
	if value, ok := frame.Value(http2.SettingHeaderTableSize); ok {
		c.encoder.SetMaxDynamicTableSizeLimit(value)
	}
	return c.framer.WriteSettingsAck()
}

func (c *connection) onWindowUpdate(frame *http2.WindowUpdateFrame) {
	if frame.StreamID == 0 {
		c.window += int64(frame.Increment)
	} else if call := c.open[frame.StreamID]; call != nil {
		call.window += int64(frame.Increment)
	}
	c.pumpBlocked()
}

// pumpBlocked lets the calls that wait for a window look again.
func (c *connection) pumpBlocked() {
	blocked := c.blocked
	c.blocked = nil
	for _, call := range blocked {
		call.blocked = false
		if c.open[call.id] == call {
			c.pump(call)
		}
	}
}
