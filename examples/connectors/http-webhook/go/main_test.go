package main

import (
	"log"
	"net"
	"os"
	"testing"
	"time"
)

// TestMain waits for the port of the specification's tests, which other tests on this machine use, too.
func TestMain(m *testing.M) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		listener, err := net.Listen("tcp", ":8080")
		if err == nil {
			_ = listener.Close()
			break
		}
		if time.Now().After(deadline) {
			log.Fatalf("the tests of the specification need port 8080: %v", err)
		}
	}
	os.Exit(m.Run())
}
