package connector

// maxIdleWorkers have their stacks for nothing, while there is nothing to do.
const maxIdleWorkers = 16

// workers run each job in a goroutine of its own at once, as `go` does, but keep some of them for the next
// jobs: a new one copies its stack several times until it is large enough to encode a message, which was a
// sixth of the processor time of small frames.
type workers struct {
	jobs chan func()
	idle chan struct{} // as many as wait for a job
	done <-chan struct{}
}

// newWorkers lets the idle ones end when done is closed.
func newWorkers(done <-chan struct{}) workers {
	return workers{jobs: make(chan func()), idle: make(chan struct{}, maxIdleWorkers), done: done}
}

func (w workers) run(job func()) {
	select {
	case w.jobs <- job:
	default: // nobody waits
		go w.work(job)
	}
}

func (w workers) work(job func()) {
	for {
		job()
		select {
		case w.idle <- struct{}{}:
		default:
			return // enough are idle
		}
		select {
		case job = <-w.jobs:
			<-w.idle
		case <-w.done:
			return
		}
	}
}
