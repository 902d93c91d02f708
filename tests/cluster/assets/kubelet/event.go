package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// event is one line of the log.
type event struct {
	// Milliseconds since 1970.
	At        int64  `json:"at"`
	Namespace string `json:"namespace"`
	// The name of the Pod, or of another object.
	Name string `json:"name"`
	// The container; "pod" for the Pod as a whole; else the object's kind in
	// lower case.
	Who string `json:"who"`
	// A verb and its objects, the most general word first.
	What string `json:"what"`
	// Whether the API server's status says it. All that one change of a status
	// says has the same time.
	Status bool `json:"status,omitempty"`
}

type eventLog struct {
	mutex sync.Mutex
	file  *os.File
}

func newLog(path string) (*eventLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &eventLog{file: file}, err
}

// write writes what happens now.
func (l *eventLog) write(namespace, name, who, format string, args ...any) {
	l.writeAll(event{Namespace: namespace, Name: name, Who: who, What: fmt.Sprintf(format, args...)})
}

// writeAll writes what happens now, all at the same time.
func (l *eventLog) writeAll(events ...event) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now().UnixMilli()
	var text []byte
	for _, event := range events {
		event.At = now
		line, err := json.Marshal(event)
		if err != nil {
			panic(err) // It has only numbers and strings.
		}
		text = append(append(text, line...), '\n')
	}
	if _, err := l.file.Write(text); err != nil {
		// Nobody would see what is missing.
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
