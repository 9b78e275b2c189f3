// SPDX-License-Identifier: Apache-2.0

package main

import "time"

// call is one call in flight; finished ones are used again.
type call struct {
	id uint32
	// due is when it should have begun.
	due time.Time
	// toSend counts request messages that are not yet sent; sent is how much of the first of them is.
	toSend int
	sent   int
	window int64
	// blocked: it is in the connection's list of calls that wait for a window.
	blocked bool
	// consumed counts octets for the next WINDOW_UPDATE of the stream.
	consumed uint32
	messages int
	parser   messageParser
	// unmeasured: a call of the warm-up.
	unmeasured bool
}

// messageParser counts the whole gRPC messages of a byte stream.
type messageParser struct {
	prefix  [5]byte
	have    int
	missing int
}

func (p *messageParser) feed(data []byte) (whole int) {
	for len(data) > 0 {
		if p.have < 5 {
			n := copy(p.prefix[p.have:], data)
			p.have += n
			data = data[n:]
			if p.have < 5 {
				return whole
			}
			p.missing = int(p.prefix[1])<<24 | int(p.prefix[2])<<16 | int(p.prefix[3])<<8 | int(p.prefix[4])
		}
		n := min(p.missing, len(data))
		p.missing -= n
		data = data[n:]
		if p.missing == 0 {
			whole++
			p.have = 0
		}
	}
	return whole
}
