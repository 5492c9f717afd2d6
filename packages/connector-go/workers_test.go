package connector

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestEveryJobRunsAtOnceHoweverManyAreBusy(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	w := newWorkers(done)
	for range 2 { // the second time some are idle
		var running, ended sync.WaitGroup
		running.Add(3 * maxIdleWorkers)
		ended.Add(3 * maxIdleWorkers)
		release := make(chan struct{})
		for range 3 * maxIdleWorkers {
			w.run(func() {
				defer ended.Done()
				running.Done()
				<-release
			})
		}
		running.Wait() // for ever, if one waits for another
		close(release)
		ended.Wait()
	}
}

func TestIdleWorkersAreFewAndEndWithTheStream(t *testing.T) {
	before := runtime.NumGoroutine()
	done := make(chan struct{})
	w := newWorkers(done)
	for range 10 * maxIdleWorkers {
		w.run(func() {})
	}
	awaitGoroutines(t, before+maxIdleWorkers)
	close(done)
	awaitGoroutines(t, before)
}

func awaitGoroutines(t *testing.T, most int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > most; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, expected %d at most", runtime.NumGoroutine(), most)
		}
		time.Sleep(time.Millisecond)
	}
}
