// SPDX-License-Identifier: Apache-2.0

// Command health-probe asks a router of its health as probes and clients written with grpc-go do.
//
//	health-probe -addr HOST:PORT [-service NAME]             one Check; exits as grpc_health_probe does: 0 it serves, 2 no
//	                                                         connection, 3 the call failed, 4 it does not serve
//	health-probe -addr HOST:PORT [-service NAME] -watch      a line for each status, until it is ended
//	health-probe -addr HOST:PORT [-service NAME] -client     a line for each state of a channel that checks its health by itself
//	health-probe -addr HOST:PORT -list                       the statuses of all services, as JSON
//	health-probe -addr HOST:PORT -alpha                      the names of all services by reflection v1alpha
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients check health only with it
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	alphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

// Exit codes of grpc_health_probe.
const (
	noConnection = 2
	callFailed   = 3
	notServing   = 4
)

// timeout bounds everything that is no watch.
const timeout = 5 * time.Second

func main() {
	address := flag.String("addr", "", "the router")
	service := flag.String("service", "", "the service to ask of; empty: the router itself")
	watch := flag.Bool("watch", false, "watch it")
	client := flag.Bool("client", false, "let a channel check it")
	list := flag.Bool("list", false, "ask of all services")
	alpha := flag.Bool("alpha", false, "list services by reflection v1alpha")
	flag.Parse()
	config := fmt.Sprintf(`{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":%q}}`, *service)
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if *client {
		options = append(options, grpc.WithDefaultServiceConfig(config))
	}
	connection, err := grpc.NewClient("passthrough:///"+*address, options...)
	if err != nil {
		fail(noConnection, err)
	}
	switch {
	case *watch:
		watchHealth(connection, *service)
	case *client:
		watchState(connection)
	case *list:
		listHealth(connection)
	case *alpha:
		listServices(connection)
	default:
		check(connection, *service)
	}
}

func check(connection *grpc.ClientConn, service string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{Service: service})
	if status.Code(err) == codes.Unavailable {
		fail(noConnection, err)
	}
	if err != nil {
		fail(callFailed, err)
	}
	fmt.Println("status:", answer.Status)
	if answer.Status != healthpb.HealthCheckResponse_SERVING {
		os.Exit(notServing)
	}
}

func watchHealth(connection *grpc.ClientConn, service string) {
	request := &healthpb.HealthCheckRequest{Service: service}
	stream, err := healthpb.NewHealthClient(connection).Watch(context.Background(), request)
	for err == nil {
		var answer *healthpb.HealthCheckResponse
		if answer, err = stream.Recv(); err == nil {
			fmt.Println("status:", answer.Status)
		}
	}
	fail(callFailed, err)
}

func watchState(connection *grpc.ClientConn) {
	for state := connection.GetState(); ; state = connection.GetState() {
		fmt.Println("state:", state)
		if state == connectivity.Idle {
			connection.Connect()
		}
		connection.WaitForStateChange(context.Background(), state)
	}
}

func listHealth(connection *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := healthpb.NewHealthClient(connection).List(ctx, &healthpb.HealthListRequest{})
	if err != nil {
		fail(callFailed, err)
	}
	statuses := map[string]string{}
	for name, response := range answer.Statuses {
		statuses[name] = response.Status.String()
	}
	text, err := json.Marshal(statuses)
	if err != nil {
		panic(err) // names and words
	}
	fmt.Println(string(text))
}

func listServices(connection *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	stream, err := alphapb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err == nil {
		question := &alphapb.ServerReflectionRequest_ListServices{}
		err = stream.Send(&alphapb.ServerReflectionRequest{MessageRequest: question})
	}
	if err != nil {
		fail(callFailed, err)
	}
	answer, err := stream.Recv()
	if err != nil {
		fail(callFailed, err)
	}
	for _, service := range answer.GetListServicesResponse().GetService() {
		fmt.Println(service.Name)
	}
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(code)
}
