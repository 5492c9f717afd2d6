package main

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// batching is a memory that sends what comes by a stream in batches.
type batching struct {
	*memory
	batches atomic.Int64
}

var _ connector.BatchSender = (*batching)(nil)

func (b *batching) SendBatch(
	ctx context.Context, messages []connector.Message,
) ([]connector.SendResult, error) {
	connected, err := b.connected()
	if err != nil {
		return nil, err
	}
	b.batches.Add(1)
	if err := connected.misbehave(ctx, "SendBatch"); err != nil {
		return nil, err
	}
	results := make([]connector.SendResult, len(messages))
	for i, message := range messages {
		results[i].Receipt.MessageID, results[i].Err = b.Send(ctx, message)
	}
	if connected.LoseResult {
		return results[1:], nil
	}
	return results, nil
}

// ReportHealth tells how many batches there were, too.
func (b *batching) ReportHealth(ctx context.Context) (connector.HealthReport, error) {
	report, err := b.memory.ReportHealth(ctx)
	if err == nil {
		report.Details["batches"] = strconv.FormatInt(b.batches.Load(), 10)
	}
	return report, err
}
