package main

import (
	"bufio"
	"os"
	"strings"
)

// decorateLine changes what go-plugin is about to print to stdout: its handshake line.
func decorateLine() {
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stdout = writer
	go func() {
		line, err := bufio.NewReader(reader).ReadString('\n')
		if err != nil {
			panic(err)
		}
		_, _ = realStdout.WriteString(*linePrefix + strings.TrimSuffix(line, "\n") + *lineSuffix + "\n")
	}()
}
