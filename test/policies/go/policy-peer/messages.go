// SPDX-License-Identifier: Apache-2.0

package main

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec passes messages as bytes.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (rawCodec) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

// report is faults.v1.Report as far as the tests look at it.
type report struct {
	Instance       string `json:"instance"`
	AttemptsBefore uint64 `json:"attemptsBefore"`
}

// encodeOrder writes a faults.v1.Order that has a name only.
func encodeOrder(name string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
}

func decodeOrder(bytes []byte) (name string, err error) {
	err = eachField(bytes, func(number protowire.Number, text []byte, _ uint64) {
		if number == 1 {
			name = string(text)
		}
	})
	return name, err
}

func (r report) encode() []byte {
	bytes := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), r.Instance)
	return protowire.AppendVarint(protowire.AppendTag(bytes, 2, protowire.VarintType), r.AttemptsBefore)
}

func decodeReport(bytes []byte) (r report, err error) {
	err = eachField(bytes, func(number protowire.Number, text []byte, value uint64) {
		switch number {
		case 1:
			r.Instance = string(text)
		case 2:
			r.AttemptsBefore = value
		}
	})
	return r, err
}

// eachField visits the fields of a message, which are texts and varints.
func eachField(bytes []byte, visit func(number protowire.Number, text []byte, value uint64)) error {
	for len(bytes) > 0 {
		number, kind, size := protowire.ConsumeTag(bytes)
		if size < 0 {
			return protowire.ParseError(size)
		}
		bytes = bytes[size:]
		switch kind {
		case protowire.BytesType:
			text, size := protowire.ConsumeBytes(bytes)
			if size < 0 {
				return protowire.ParseError(size)
			}
			visit(number, text, 0)
			bytes = bytes[size:]
		default:
			value, size := protowire.ConsumeVarint(bytes)
			if size < 0 {
				return protowire.ParseError(size)
			}
			visit(number, nil, value)
			bytes = bytes[size:]
		}
	}
	return nil
}
