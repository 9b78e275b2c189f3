// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"
)

func TestMessagesAreCountedWhereverTheStreamIsCut(t *testing.T) {
	stream := append(framed([]byte("first")), framed(nil)...)
	stream = append(stream, framed(bytes.Repeat([]byte("x"), 300))...)
	for size := 1; size <= len(stream); size++ {
		parser, whole := messageParser{}, 0
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			whole += parser.feed(rest[:n])
			rest = rest[n:]
		}
		if whole != 3 {
			t.Fatalf("%d messages in pieces of %d", whole, size)
		}
	}
}

func TestWatchRequestIsProtobuf(t *testing.T) {
	if got := watchRequest(300, 100, true); !bytes.Equal(got, []byte{0x08, 0xac, 0x02, 0x10, 100, 0x18, 1}) {
		t.Fatal(got)
	}
}
