// SPDX-License-Identifier: Apache-2.0

package main

import "math/bits"

// subBuckets of every power of two: a value is known to 1/32, about 3 %.
const (
	subBucketBits = 5
	subBuckets    = 1 << subBucketBits
	bucketCount   = (64 - subBucketBits) * subBuckets
)

// histogram counts durations in nanoseconds in buckets that grow with the value.
type histogram struct {
	counts [bucketCount]int64
}

func (h *histogram) add(value int64) {
	h.counts[bucketOf(max(0, value))]++
}

func (h *histogram) merge(other *histogram) {
	for index, count := range other.counts {
		h.counts[index] += count
	}
}

// pairs lists what is not empty, as the greatest value of a bucket and its count.
func (h *histogram) pairs() [][2]int64 {
	pairs := [][2]int64{}
	for index, count := range h.counts {
		if count > 0 {
			pairs = append(pairs, [2]int64{bucketEnd(index), count})
		}
	}
	return pairs
}

// bucketOf is the value itself below two times 32; above, 32 buckets share each power of two.
func bucketOf(value int64) int {
	shift := max(0, bits.Len64(uint64(value))-subBucketBits-1)
	return shift*subBuckets + int(value>>shift)
}

// bucketEnd is the greatest value that bucketOf puts into the bucket.
func bucketEnd(index int) int64 {
	shift := max(0, index/subBuckets-1)
	return (int64(index-shift*subBuckets)+1)<<shift - 1
}
