package main

import (
	"testing"
	"time"
)

func TestAPercentileIsOneOfTheValues(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	cases := []struct {
		sorted  []time.Duration
		percent int
		want    time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 50, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{1, 9}, 50, 1},
		{[]time.Duration{1, 2, 9}, 50, 2},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	}
	for _, c := range cases {
		if got := percentile(c.sorted, c.percent); got != c.want {
			t.Errorf("p%d of %d values: %d, expected %d", c.percent, len(c.sorted), got, c.want)
		}
	}
}

func TestOnlyWhatIsMeasuredIsCounted(t *testing.T) {
	m := newMeter(2)
	recorder := m.recorder()
	recorder.done(1)
	m.phase.Store(measuring)
	recorder.done(5)
	m.recorder().done(3)
	m.phase.Store(over)
	recorder.done(9)
	if got := m.latencies(); len(got) != 2 || got[0] != 3 || got[1] != 5 {
		t.Errorf("%v", got)
	}
	select {
	case <-m.reached:
	default:
		t.Error("the goal was not reached")
	}
}
