// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// order is what the client is told to call, as CallOrder in ../processes/command.ts.
type order struct {
	Do            string `json:"do"`
	Token         int    `json:"token"`
	Call          string `json:"call"`
	Method        string `json:"method"`
	DeadlineMs    int    `json:"deadlineMs"`
	CancelAfterMs int    `json:"cancelAfterMs"`
	Patient       bool   `json:"patient"`
	Messages      int    `json:"messages"`
	Bytes         int    `json:"bytes"`
	PauseAfter    int    `json:"pauseAfter"`
	Replies       uint64 `json:"replies"`
	ReplyBytes    uint64 `json:"replyBytes"`
	WorkMs        uint64 `json:"workMs"`
	Hold          string `json:"hold"`
}

var holds = map[string]uint64{"running": 1, "replying": 2, "ending": 3}

// encodeWork writes a ledger.v1.Work (../proto/ledger/v1/ledger.proto).
func encodeWork(o *order, index uint64, payload []byte) []byte {
	var bytes []byte
	for field, value := range map[protowire.Number]uint64{
		1: index, 2: o.Replies, 3: o.ReplyBytes, 4: o.WorkMs, 5: holds[o.Hold],
	} {
		if value != 0 {
			bytes = protowire.AppendVarint(protowire.AppendTag(bytes, field, protowire.VarintType), value)
		}
	}
	return protowire.AppendBytes(protowire.AppendTag(bytes, 6, protowire.BytesType), payload)
}

// decodeResult reads the index and payload of a ledger.v1.Result.
func decodeResult(bytes []byte) (index uint64, payload []byte, err error) {
	for len(bytes) > 0 {
		field, kind, size := protowire.ConsumeTag(bytes)
		if size < 0 {
			return 0, nil, errors.New("cannot read a result: its tag must be whole")
		}
		bytes = bytes[size:]
		switch {
		case field == 2 && kind == protowire.VarintType:
			index, size = protowire.ConsumeVarint(bytes)
		case field == 3 && kind == protowire.BytesType:
			payload, size = protowire.ConsumeBytes(bytes)
		default:
			size = protowire.ConsumeFieldValue(field, kind, bytes)
		}
		if size < 0 {
			return 0, nil, errors.New("cannot read a result: its field must be whole")
		}
		bytes = bytes[size:]
	}
	return index, payload, nil
}
