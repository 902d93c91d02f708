package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// script is what a container does, read from its args: one statement each.
//
//	exit CODE after TIME
//	    ends by itself
//	stop after TIME [exit CODE]
//	    from SIGTERM to the end; without it, at once and with 143
//	exec NAME|http PORT|tcp PORT|grpc PORT [from TIME] [until TIME] [takes TIME]
//	    what succeeds, counted from the container's start, and how long an answer
//	    takes. Outside these times it fails: an exec exits with 1, http answers
//	    503, tcp refuses the connection, grpc says NOT_SERVING
//
// TIME is a duration as Go writes it, such as 2s or 500ms. Each statement may end
// with "attempt N" or "attempt N-M": it then only counts in these runs of the
// container, whose first is 0.
type script struct {
	exit   *exit
	stop   exit
	checks []check
}

// exit is an end after some time.
type exit struct {
	code  int32
	after time.Duration
}

// check is what a probe or hook asks.
type check struct {
	sort, name  string
	from, until time.Duration
	takes       time.Duration
}

const forever = time.Duration(1<<63 - 1)

func parseScript(statements []string, attempt uint32) (*script, error) {
	s := &script{stop: exit{code: 143}}
	for _, statement := range statements {
		if err := s.add(strings.Fields(statement), attempt); err != nil {
			return nil, fmt.Errorf("%q: %w", statement, err)
		}
	}
	return s, nil
}

func (s *script) add(words []string, attempt uint32) error {
	if len(words) < 2 {
		return fmt.Errorf("is no statement")
	}
	sort, first := words[0], words[1]
	// What follows are pairs of a word and its value.
	options := map[string]string{}
	rest := words[2:]
	if sort == "stop" {
		rest = words[1:]
	}
	for ; len(rest) > 1; rest = rest[2:] {
		options[rest[0]] = rest[1]
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q stands alone", rest[0])
	}
	if counts, err := isAttempt(options["attempt"], attempt); err != nil || !counts {
		return err
	}
	delete(options, "attempt")
	var err error
	duration := func(option string, absent time.Duration) time.Duration {
		text, ok := options[option]
		delete(options, option)
		if !ok {
			return absent
		}
		parsed, failed := time.ParseDuration(text)
		if failed != nil {
			err = failed
		}
		return parsed
	}
	code := func(text string) int32 {
		number, failed := strconv.ParseInt(text, 10, 32)
		if failed != nil {
			err = failed
		}
		return int32(number)
	}
	switch sort {
	case "exit":
		s.exit = &exit{code(first), duration("after", 0)}
	case "stop":
		s.stop.after = duration("after", 0)
		if text, ok := options["exit"]; ok {
			s.stop.code = code(text)
			delete(options, "exit")
		}
	case "exec", "http", "tcp", "grpc":
		s.checks = append(s.checks, check{sort, first, duration("from", 0), duration("until", forever), duration("takes", 0)})
	default:
		return fmt.Errorf("%q is no statement", sort)
	}
	for option := range options {
		return fmt.Errorf("%q is no option", option)
	}
	return err
}

// isAttempt reports whether "", "N" or "N-M" holds this attempt.
func isAttempt(text string, attempt uint32) (bool, error) {
	if text == "" {
		return true, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	low, err := strconv.ParseUint(first, 10, 32)
	if err != nil {
		return false, err
	}
	high, err := strconv.ParseUint(last, 10, 32)
	return uint64(attempt) >= low && uint64(attempt) <= high, err
}

// find returns the check that succeeds at this time after the container's start,
// or, where none does, one that fails.
func (s *script) find(sort, name string, since time.Duration) (found check, known, succeeds bool) {
	for _, c := range s.checks {
		if c.sort != sort || c.name != name {
			continue
		}
		found, known = c, true
		if since >= c.from && since < c.until {
			return c, true, true
		}
	}
	return found, known, false
}

// ports returns the ports of this sort, each once.
func (s *script) ports(sort string) []string {
	var ports []string
	seen := map[string]bool{}
	for _, c := range s.checks {
		if c.sort == sort && !seen[c.name] {
			seen[c.name] = true
			ports = append(ports, c.name)
		}
	}
	return ports
}

func seconds(number int64) time.Duration {
	return time.Duration(number) * time.Second
}
