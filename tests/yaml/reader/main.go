// Reads texts as kubectl reads manifests, and prints what they say.
//
// Standard input holds texts, each behind a line with its length in bytes. For each there is one line of output: a JSON list
// of its documents, or a JSON string with the error. A text that takes too long, or that the library does not survive, is an
// error, too.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	jsonutil "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// As in k8s.io/cli-runtime/pkg/resource, visitor.go: FileVisitor.Visit, which takes the byte order mark away, and
// StreamVisitor.Visit. Objects are read by their Raw text, as the
// unstructured scheme does.
func documents(text []byte) (documents []json.RawMessage, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	documents = []json.RawMessage{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		extension := runtime.RawExtension{}
		if err := decoder.Decode(&extension); err != nil {
			if errors.Is(err, io.EOF) {
				return documents, nil
			}
			return nil, fmt.Errorf("error parsing: %w", err)
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		var value any
		if err := jsonutil.Unmarshal(raw, &value); err != nil {
			return nil, fmt.Errorf("error decoding: %w", err)
		}
		written, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		documents = append(documents, written)
	}
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		length, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			panic(err)
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			panic(err)
		}
		var answer any
		if answer, err = documents(text); err != nil {
			answer = err.Error()
		}
		written, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		out.Write(written)
		out.WriteByte('\n')
	}
}
