package main

import "time"

// lookEvery is seldom enough not to count in the host's CPU time.
const lookEvery = 20 * time.Millisecond

// tenths is into how many parts a run by number is cut.
const tenths = 10

// memoryWatch looks at the plugin's memory during a run.
type memoryWatch struct {
	end    chan struct{}
	ended  chan struct{}
	peak   memory
	series []int64
}

func watchMemory(r *run) *memoryWatch {
	w := &memoryWatch{end: make(chan struct{}), ended: make(chan struct{}), series: []int64{}}
	go func() {
		defer close(w.ended)
		for looks := time.NewTicker(lookEvery); ; {
			w.look(r)
			select {
			case <-looks.C:
			case <-w.end:
				looks.Stop()
				w.look(r)
				return
			}
		}
	}()
	return w
}

func (w *memoryWatch) look(r *run) {
	now := memoryOf(r.pid)
	w.peak.Anon = max(w.peak.Anon, now.Anon)
	w.peak.Total = max(w.peak.Total, now.Total)
	if r.goal > 0 {
		for reached := r.meter.messages.Load() * tenths / r.goal; len(w.series) < min(tenths, int(reached)); {
			w.series = append(w.series, now.Anon)
		}
	}
}

// stop gives the peaks, and the series of anonymous memory.
func (w *memoryWatch) stop() (memory, []int64) {
	close(w.end)
	<-w.ended
	return w.peak, w.series
}
