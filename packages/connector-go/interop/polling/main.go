// A control plane that knows only the specification and has little patience: it calls Receive again and again under random
// deadlines and cancellations, and prints the payload of each message that a call returned.
//
//	polling -max 3ms -workers 4 -connect BASE64 EXECUTABLE [ARG...]
//
// BASE64 is an encoded ConnectRequest. It prints "ready" when it is connected, and ends when its standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"flag"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func main() {
	longest := flag.Duration("max", 3*time.Millisecond, "longest deadline, and longest time until a cancellation")
	workers := flag.Int("workers", 4, "Receives at a time")
	request := flag.String("connect", "", "ConnectRequest, in base64")
	flag.Parse()
	if err := run(*longest, *workers, *request, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(longest time.Duration, workers int, encoded string, command []string) error {
	bytes, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	request := &connectorpb.ConnectRequest{}
	if err := proto.Unmarshal(bytes, request); err != nil {
		return err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  connector.Handshake,
		Plugins:          map[string]plugin.Plugin{"raw": rawPlugin{}},
		Cmd:              exec.Command(command[0], command[1:]...),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("raw")
	if err != nil {
		return err
	}
	node := raw.(connectorpb.ConnectionNodeClient)
	if _, err := node.Connect(context.Background(), request); err != nil {
		return err
	}
	out := &printer{writer: bufio.NewWriter(os.Stdout)}
	out.print("ready")
	poll(node, longest, workers, out)
	_, err = node.Disconnect(context.Background(), &connectorpb.DisconnectRequest{})
	return err
}

func poll(node connectorpb.ConnectionNodeClient, longest time.Duration, workers int, out *printer) {
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					receive(node, longest, out)
				}
			}
		})
	}
	group.Wait()
}

func receive(node connectorpb.ConnectionNodeClient, longest time.Duration, out *printer) {
	patience := time.Duration(rand.Int64N(int64(longest)))
	ctx, cancel := context.WithCancel(context.Background())
	if rand.IntN(2) == 0 {
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), patience)
	} else {
		defer time.AfterFunc(patience, cancel).Stop()
	}
	defer cancel()
	response, err := node.Receive(ctx, &connectorpb.ReceiveRequest{})
	if err == nil {
		out.print(string(response.GetDelivery().GetMessage().GetPayload()))
		return
	}
	if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Canceled {
		log.Printf("Receive: %v", err)
	}
}

type printer struct {
	mu     sync.Mutex
	writer *bufio.Writer
}

func (p *printer) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.writer.WriteString(line + "\n")
	_ = p.writer.Flush()
}

type rawPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (rawPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (rawPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, connection *grpc.ClientConn) (any, error) {
	return connectorpb.NewConnectionNodeClient(connection), nil
}
