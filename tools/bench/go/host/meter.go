package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	warmingUp = iota
	measuring
	over
)

// meter counts what is done while it is measured.
type meter struct {
	phase    atomic.Int32
	messages atomic.Int64
	frames   atomic.Int64
	goal     int64         // 0 = none
	reached  chan struct{} // closed at the goal

	mu        sync.Mutex
	recorders []*recorder
}

func newMeter(goal int) *meter {
	return &meter{goal: int64(goal), reached: make(chan struct{})}
}

// running tells a load whether to go on.
func (m *meter) running() bool { return m.phase.Load() != over }

// frame counts a frame of a stream.
func (m *meter) frame() {
	if m.phase.Load() == measuring {
		m.frames.Add(1)
	}
}

// recorder is for one goroutine.
type recorder struct {
	meter     *meter
	latencies []time.Duration
}

func (m *meter) recorder() *recorder {
	r := &recorder{meter: m}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recorders = append(m.recorders, r)
	return r
}

// done counts a message and how long it took.
func (r *recorder) done(took time.Duration) {
	m := r.meter
	if m.phase.Load() != measuring {
		return
	}
	r.latencies = append(r.latencies, took)
	if m.messages.Add(1) == m.goal {
		close(m.reached)
	}
}

// latencies are those of all recorders, in ascending order. To be called when the load has ended.
func (m *meter) latencies() []time.Duration {
	var all []time.Duration
	for _, r := range m.recorders {
		all = append(all, r.latencies...)
	}
	slices.Sort(all)
	return all
}

// percentile is the smallest of the sorted values that so many percent do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}
