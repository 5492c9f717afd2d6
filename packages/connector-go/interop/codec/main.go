// Reads messages as protobuf-go does, for tests of other codecs: each line of the standard input has the
// name of a message type and its bytes in hexadecimal digits. It is answered by the bytes that protobuf-go
// writes of it, or by "malformed".
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	_ "github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const longestLine = 1 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		name, digits, _ := strings.Cut(lines.Text(), " ")
		answer, err := roundTrip(name, digits)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = fmt.Fprintln(out, answer)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = out.Flush()
}

func roundTrip(name, digits string) (string, error) {
	bytes, err := hex.DecodeString(digits)
	if err != nil {
		return "", err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("vrsky.connector.v1." + name))
	if err != nil {
		return "", err
	}
	message := kind.New().Interface()
	if proto.Unmarshal(bytes, message) != nil {
		return "malformed", nil
	}
	written, err := proto.Marshal(message)
	return hex.EncodeToString(written), err
}
