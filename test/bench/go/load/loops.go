// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// drainTime is what calls get to end after the last one has begun.
const drainTime = 10 * time.Second

// closedLoop keeps every connection busy until the calls are made or the time is over.
func closedLoop(o *options) (*tally, error) {
	connections, err := dialAll(o)
	if err != nil {
		return nil, err
	}
	next := supply(o)
	var running sync.WaitGroup
	for _, c := range connections {
		running.Go(func() { c.keepBusy(next) })
	}
	running.Wait()
	return closeAll(connections), nil
}

// keepBusy begins calls and waits until they, and those that follow on them, have ended.
func (c *connection) keepBusy(next func() bool) {
	idle := make(chan struct{})
	busy := 0
	c.mutex.Lock()
	c.next = func() bool {
		if next() {
			return true
		}
		if busy--; busy == 0 {
			close(idle)
		}
		return false
	}
	for busy < c.options.streams && next() {
		busy++
		c.start(dueCall{at: time.Now()})
	}
	begun := busy
	_ = c.out.Flush()
	c.mutex.Unlock()
	if begun == 0 {
		return
	}
	select {
	case <-idle:
	case <-c.closed:
	}
}

// supply says, for all connections together, whether another call shall begin.
func supply(o *options) func() bool {
	if o.calls > 0 {
		var begun atomic.Int64
		return func() bool { return begun.Add(1) <= o.calls }
	}
	end := time.Now().Add(time.Duration(o.seconds * float64(time.Second)))
	return func() bool { return time.Now().Before(end) }
}

// openLoop begins calls at the times of a Poisson process, however slow the answers are.
func openLoop(o *options) (*tally, error) {
	connections, err := dialAll(o)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	random := rand.New(rand.NewPCG(o.seed, 7))
	begun := time.Now()
	measured := begun.Add(time.Duration(o.warmUp * float64(time.Second)))
	end := measured.Add(time.Duration(o.seconds * float64(time.Second)))
	late := &histogram{}
	for index, due := 0, begun; due.Before(end); index++ {
		sleepUntil(due)
		c := connections[index%len(connections)]
		unmeasured := due.Before(measured)
		if !unmeasured {
			late.add(int64(time.Since(due)))
		}
		c.mutex.Lock()
		c.start(dueCall{at: due, unmeasured: unmeasured})
		err := c.out.Flush()
		c.mutex.Unlock()
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", index%len(connections), err)
		}
		due = due.Add(time.Duration(-math.Log(1-random.Float64()) / o.rate * float64(time.Second)))
	}
	settle(connections)
	total := closeAll(connections)
	total.late.merge(late)
	return total, nil
}

// settle waits until no call is open, at most for drainTime; what is open then counts with its age, and as failed.
func settle(connections []*connection) {
	for deadline := time.Now().Add(drainTime); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		open := 0
		for _, c := range connections {
			c.mutex.Lock()
			open += len(c.open) + len(c.waiting)
			c.mutex.Unlock()
		}
		if open == 0 {
			return
		}
	}
	for _, c := range connections {
		c.mutex.Lock()
		for _, call := range c.open {
			c.tally.fail("not answered in time")
			c.tally.latency.add(int64(time.Since(call.due)))
		}
		for _, due := range c.waiting {
			c.tally.fail("not answered in time")
			c.tally.latency.add(int64(time.Since(due.at)))
		}
		c.mutex.Unlock()
	}
}

// sleepUntil is exact to some 10 µs: the runtime's own timers may be a millisecond late.
func sleepUntil(due time.Time) {
	for wait := time.Until(due); wait > 0; wait = time.Until(due) {
		left := syscall.NsecToTimespec(int64(wait))
		_ = syscall.Nanosleep(&left, nil)
	}
}

// churn makes a connection for every call.
func churn(o *options) (*tally, error) {
	next := supply(o)
	tallies := make([]tally, o.connections)
	errs := make(chan error, o.connections)
	for index := range tallies {
		go func() { errs <- churnOne(o, next, &tallies[index]) }()
	}
	total := &tally{}
	for range tallies {
		if err := <-errs; err != nil {
			return nil, err
		}
	}
	for index := range tallies {
		total.merge(&tallies[index])
	}
	return total, nil
}

func churnOne(o *options, next func() bool, total *tally) error {
	for next() {
		begun := time.Now()
		c, err := dial(o)
		if err != nil {
			return err
		}
		if err := c.callOnce(); err != nil {
			return err
		}
		c.tally.latency = histogram{}
		c.tally.latency.add(int64(time.Since(begun)))
		total.merge(closeAll([]*connection{c}))
	}
	return nil
}

func dialAll(o *options) ([]*connection, error) {
	connections := make([]*connection, o.connections)
	for index := range connections {
		c, err := dial(o)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", index, err)
		}
		connections[index] = c
	}
	return connections, nil
}

func closeAll(connections []*connection) *tally {
	total := &tally{}
	for _, c := range connections {
		c.mutex.Lock()
		total.merge(&c.tally)
		c.mutex.Unlock()
		_ = c.socket.Close()
		<-c.closed
	}
	return total
}
