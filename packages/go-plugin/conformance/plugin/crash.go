package main

import (
	"context"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Set when the plugin has hung up on its host, and exits with a reason afterwards.
var hungUp atomic.Bool

func exitWithReason() {
	_, _ = realStderr.WriteString("[ERROR] the database is gone\n")
	os.Exit(7)
}

func exits(context.Context, []byte) (string, error) {
	exitWithReason()
	return "", nil
}

func panics(context.Context, []byte) (string, error) {
	panic("a bug in the plugin")
}

// fatalError ends the process in a way that Go code cannot recover from.
func fatalError(context.Context, []byte) (string, error) {
	debug.SetMaxStack(1 << 16)
	return strings.Repeat("x", descend(0)), nil
}

func descend(depth int) int {
	return descend(depth+1) + depth
}

func beKilled(context.Context, []byte) (string, error) {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// hangUpAndExit drops all connections first: a host sees that before it sees the exit.
func hangUpAndExit(ctx context.Context, _ []byte) (string, error) {
	hungUp.Store(true)
	go server.Stop()
	return hang(ctx, nil)
}

// leavePipes exits while a child goes on with the stdout and the stderr of the plugin.
func leavePipes(context.Context, []byte) (string, error) {
	child := exec.Command("sleep", "0.5")
	child.Stdout, child.Stderr = realStdout, realStderr
	if err := child.Start(); err != nil {
		return "", err
	}
	exitWithReason()
	return "", nil
}

// leaveSockets exits while a child goes on with the plugin's sockets: a host sees the exit and no lost connection.
func leaveSockets(context.Context, []byte) (string, error) {
	child := exec.Command("sleep", "1")
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		path := "/proc/self/fd/" + entry.Name()
		if target, err := os.Readlink(path); err != nil || !strings.HasPrefix(target, "socket:") {
			continue
		}
		descriptor, err := duplicate(entry.Name())
		if err != nil {
			return "", err
		}
		child.ExtraFiles = append(child.ExtraFiles, os.NewFile(descriptor, path))
	}
	if err := child.Start(); err != nil {
		return "", err
	}
	exitWithReason()
	return "", nil
}

func duplicate(descriptor string) (uintptr, error) {
	number, err := strconv.Atoi(descriptor)
	if err != nil {
		return 0, err
	}
	copied, err := syscall.Dup(number)
	return uintptr(copied), err
}
