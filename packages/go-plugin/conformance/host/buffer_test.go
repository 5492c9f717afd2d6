package host

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// buffer keeps what was written to it, for readers at any time.
type buffer struct {
	mutex  sync.Mutex
	bytes  bytes.Buffer
	writes []int
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.writes = append(b.writes, len(data))
	return b.bytes.Write(data)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}

// longest tells the size of the largest write so far.
func (b *buffer) longest() (size int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, each := range b.writes {
		size = max(size, each)
	}
	return size
}

// journal is what a host has logged: its own lines, and those of its plugin.
type journal struct{ buffer }

type entry map[string]any

func (j *journal) logger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: j, JSONFormat: true})
}

func (j *journal) entries() (entries []entry) {
	for line := range bytes.Lines([]byte(j.String())) {
		var found entry
		if err := json.Unmarshal(line, &found); err != nil {
			panic(err)
		}
		entries = append(entries, found)
	}
	return entries
}

// find gives the first entry with the message.
func (j *journal) find(message string) (entry, bool) {
	for _, found := range j.entries() {
		if found["@message"] == message {
			return found, true
		}
	}
	return nil, false
}

func (j *journal) has(message string) bool {
	_, found := j.find(message)
	return found
}
