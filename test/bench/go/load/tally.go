// SPDX-License-Identifier: Apache-2.0

package main

// tally counts what became of calls; each connection has one, so that nothing is shared while they run.
type tally struct {
	calls     int64
	cancelled int64
	messages  int64
	failures  map[string]int64
	latency   histogram
	late      histogram
}

func (t *tally) fail(reason string) {
	if t.failures == nil {
		t.failures = map[string]int64{}
	}
	t.failures[reason]++
}

func (t *tally) merge(other *tally) {
	t.calls += other.calls
	t.cancelled += other.cancelled
	t.messages += other.messages
	t.latency.merge(&other.latency)
	t.late.merge(&other.late)
	for reason, count := range other.failures {
		if t.failures == nil {
			t.failures = map[string]int64{}
		}
		t.failures[reason] += count
	}
}
