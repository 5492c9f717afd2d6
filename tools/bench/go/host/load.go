package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ValueRetail/vrsky-bench/messages"
)

// drainTime is what the plugin has to finish what is under way when the measurement is over.
const drainTime = 20 * time.Second

// load drives a plugin until the meter says that it is over, and finishes what it began.
type load func(ctx context.Context, r *run) error

var loads = map[string]load{
	"send":           send,
	"receive":        receive,
	"receive-ack":    receiveAndAcknowledge,
	"send-stream":    sendStream,
	"receive-stream": receiveStream,
}

// run is one measurement under way.
type run struct {
	*options
	*process
	*meter
	payload []byte
}

// result is what a host tells of a load. Durations are in microseconds, CPU times in seconds.
type result struct {
	Messages  int64   `json:"messages"`
	Frames    int64   `json:"frames"`
	Seconds   float64 `json:"seconds"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	HostCPU   float64 `json:"hostCpu"`
	PluginCPU float64 `json:"pluginCpu"`
	RSS       struct {
		Idle  memory `json:"idle"`
		After memory `json:"after"`
		Peak  memory `json:"peak"`
	} `json:"rss"`
	// Series is the anonymous memory at each tenth of a run that ends by a number of messages.
	Series []int64 `json:"series"`
}

func measureLoad(ctx context.Context, o *options) (*result, error) {
	drive, ok := loads[o.Call]
	if !ok {
		return nil, fmt.Errorf("there is no call %q", o.Call)
	}
	p, err := launch(ctx, o)
	if err != nil {
		return nil, err
	}
	defer p.client.Kill()
	r := &run{options: o, process: p, meter: newMeter(o.Messages), payload: messages.Payload(o.PayloadBytes)}
	return r.measure(ctx, drive)
}

func (r *run) measure(ctx context.Context, drive load) (*result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	result := &result{}
	time.Sleep(r.Settle.duration())
	result.RSS.Idle = memoryOf(r.pid)
	watch := watchMemory(r)
	ended := make(chan error, 1)
	go func() { ended <- drive(ctx, r) }()

	if err := waitFor(time.After(r.WarmUp.duration()), ended); err != nil {
		return nil, err
	}
	hostCPU, pluginCPU, began := ownCPU(), cpuOf(r.pid), time.Now()
	r.phase.Store(measuring)
	if err := waitFor(r.goalOrTime(), ended); err != nil {
		return nil, err
	}
	r.phase.Store(over)
	result.Seconds = time.Since(began).Seconds()
	result.PluginCPU = (cpuOf(r.pid) - pluginCPU).Seconds()
	result.HostCPU = (ownCPU() - hostCPU).Seconds()
	result.Messages, result.Frames = r.messages.Load(), r.frames.Load()

	drained := time.AfterFunc(drainTime, func() { cancel(fmt.Errorf("not all was answered within %s", drainTime)) })
	defer drained.Stop()
	if err := <-ended; err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, err
	}
	time.Sleep(r.Settle.duration())
	result.RSS.After = memoryOf(r.pid)
	result.RSS.Peak, result.Series = watch.stop()
	if result.Messages == 0 {
		return nil, fmt.Errorf("no message came through in %.1f s", result.Seconds)
	}
	latencies := r.latencies()
	result.P50 = float64(percentile(latencies, 50)) / float64(time.Microsecond)
	result.P99 = float64(percentile(latencies, 99)) / float64(time.Microsecond)
	return result, nil
}

// goalOrTime ends the measurement.
func (r *run) goalOrTime() <-chan time.Time {
	if r.Messages == 0 {
		return time.After(r.Time.duration())
	}
	reached := make(chan time.Time)
	go func() {
		<-r.reached
		close(reached)
	}()
	return reached
}

// waitFor fails when the load ends before its time.
func waitFor(then <-chan time.Time, ended <-chan error) error {
	select {
	case <-then:
		return nil
	case err := <-ended:
		return fmt.Errorf("the load ended too early: %w", err)
	}
}
