package main

import (
	"context"
	"errors"
	"math"

	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func checkBadSends(ctx context.Context, checks *checks, p *process) {
	item := func(seq uint64, bytes int) *connectorpb.SendItem {
		return &connectorpb.SendItem{Seq: seq, Message: &connectorpb.Message{Id: "m", Payload: make([]byte, bytes)}}
	}
	for _, bad := range []struct {
		check string
		items []*connectorpb.SendItem
		code  string
	}{
		{"send-stream-repeated-seq", []*connectorpb.SendItem{item(1, 1), item(1, 1)}, connector.CodeInvalidState},
		{"send-stream-large-frame", []*connectorpb.SendItem{item(1, 600<<10), item(2, 600<<10)}, connector.CodePayloadTooLarge},
	} {
		stream, err := p.raw.SendStream(ctx)
		if err == nil {
			err = stream.Send(&connectorpb.SendStreamRequest{Items: bad.items})
		}
		for err == nil { // the announcement comes first
			_, err = stream.Recv()
		}
		checks.add(bad.check, errors.Join(rawError(err, bad.code), p.node.Health(ctx)), "%v", err)
	}
}

func checkBadCredit(ctx context.Context, checks *checks, p *process) {
	stream, err := p.raw.ReceiveStream(ctx)
	for range 2 {
		if err == nil {
			credit := &connectorpb.Credit{Messages: math.MaxUint32}
			err = stream.Send(&connectorpb.ReceiveStreamRequest{Credit: credit})
		}
	}
	if err == nil {
		_, err = stream.Recv()
	}
	err2 := errors.Join(rawError(err, connector.CodeInvalidState), p.node.Health(ctx))
	checks.add("receive-stream-much-credit", err2, "%v", err)
}

func rawError(err error, code string) error {
	for _, detail := range status.Convert(err).Details() {
		if failure, ok := detail.(*connectorpb.PluginError); ok && failure.GetCode() == code {
			return nil
		}
	}
	return errors.Join(errors.New("want "+code+", got "), err)
}
