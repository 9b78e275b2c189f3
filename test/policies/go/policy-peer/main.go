// SPDX-License-Identifier: Apache-2.0

// Command policy-peer is an ordinary grpc-go client or server of faults.v1.FaultService; neither knows of routers.
//
//	policy-peer -client HOST:PORT [-service-config JSON]   makes the calls that standard input asks for, a line each
//	policy-peer -server ID                                 prints `ready PORT`, then a line for each call that it runs
//
// ../clients.ts and ../processes/grpc-js-server.ts are the same over grpc-js.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
)

func main() {
	address := flag.String("client", "", "the router to call")
	serviceConfig := flag.String("service-config", "{}", "the client's own service config")
	id := flag.String("server", "", "what the server calls itself")
	flag.Parse()
	var err error
	switch {
	case *address != "":
		err = runClient(*address, *serviceConfig)
	case *id != "":
		err = runServer(*id)
	default:
		err = fmt.Errorf("Cannot start policy-peer: -client or -server must be given")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var output sync.Mutex

// say writes one line: a word, and a value in JSON.
func say(word string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // all that is said are plain values
	}
	output.Lock()
	defer output.Unlock()
	fmt.Printf("%s %s\n", word, text)
}
