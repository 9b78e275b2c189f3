// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestBucketsHoldTheirValuesToOneThirtySecond(t *testing.T) {
	for value := int64(0); value < 1<<40; value += 1 + value/7 {
		index := bucketOf(value)
		end := bucketEnd(index)
		if end < value || (end-value)*subBuckets > max(value, subBuckets) {
			t.Fatalf("bucket %d of %d ends at %d", index, value, end)
		}
		if index > 0 && bucketEnd(index-1) >= value {
			t.Fatalf("bucket %d of %d: the one before ends at %d", index, value, bucketEnd(index-1))
		}
	}
}

func TestMergeAddsUp(t *testing.T) {
	one, other := &histogram{}, &histogram{}
	one.add(5)
	other.add(5)
	other.add(1_000_000)
	one.merge(other)
	pairs := one.pairs()
	if len(pairs) != 2 || pairs[0] != [2]int64{5, 2} || pairs[1][1] != 1 {
		t.Fatal(pairs)
	}
}
