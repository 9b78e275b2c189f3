// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// record is a line of the ledger, as in ../ledger/records.ts.
type record map[string]any

// ledger is a file that only grows, one write for each line; every record is an event on standard output, too.
type ledger struct {
	mu   sync.Mutex
	file *os.File
}

func openLedger(path string) (*ledger, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &ledger{file: file}, nil
}

// write appends a record; the time is set under the lock, so that the file is in order of time.
func (l *ledger) write(entry record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry["t"] = time.Now().UnixMilli()
	line := encode(entry)
	if _, err := l.file.Write(line); err != nil {
		fmt.Fprintln(os.Stderr, "cannot write the ledger:", err)
		os.Exit(1)
	}
	os.Stdout.Write(line)
}

// say writes an event that is no record.
func (l *ledger) say(event record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	os.Stdout.Write(encode(event))
}

func encode(entry record) []byte {
	line, err := json.Marshal(entry)
	if err != nil {
		panic(err) // records hold strings and numbers only
	}
	return append(line, '\n')
}

// hashPayload is the first 16 hex digits of the SHA-256 of a message's place and payload.
func hashPayload(index uint64, payload []byte) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%d:", index)
	hash.Write(payload)
	return hex.EncodeToString(hash.Sum(nil))[:16]
}
