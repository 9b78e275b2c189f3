// SPDX-License-Identifier: Apache-2.0

// Command lossy-link is a wire between two network devices that loses packets: it makes two TUN devices and copies IP
// packets from one to the other. Each line on standard input is the share of packets to lose from then on, 0 to 1. The
// kernels of small machines have no netem; TUN they have.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Longest IP packet.
const longestPacket = 65_535

func main() {
	left := flag.String("left", "lossy0", "name of the one device")
	right := flag.String("right", "lossy1", "name of the other")
	seed := flag.Uint64("seed", 1, "decides which packets are lost")
	flag.Parse()
	one, other := open(*left), open(*right)
	var lossBits atomic.Uint64
	go copyPackets(one, other, &lossBits, rand.New(rand.NewPCG(*seed, 1)))
	go copyPackets(other, one, &lossBits, rand.New(rand.NewPCG(*seed, 2)))
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		loss, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			fail(err)
		}
		lossBits.Store(math.Float64bits(loss))
		fmt.Println("loss", loss)
	}
}

func copyPackets(from, to *os.File, lossBits *atomic.Uint64, random *rand.Rand) {
	packet := make([]byte, longestPacket)
	for {
		size, err := from.Read(packet)
		if err != nil {
			fail(err)
		}
		if random.Float64() < math.Float64frombits(lossBits.Load()) {
			continue
		}
		_, _ = to.Write(packet[:size]) // a device that is down loses packets, too
	}
}

func open(name string) *os.File {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		fail(err)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		fail(err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		fail(err)
	}
	return os.NewFile(uintptr(fd), name)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
