package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
)

// Exit codes, documented in docs/cli.md. The codes in between belong to single commands.
const (
	exitOK     = 0
	exitFailed = 1  // failed after the start
	exitUsage  = 64 // invalid flags, environment, settings or configuration (EX_USAGE)
)

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// A coded error has an exit code. An empty text is not printed.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

// usage marks an error of the command line or the configuration.
func usage(err error) error { return coded{err, exitUsage} }

// report prints the error and returns the exit code for it.
func report(err error, w io.Writer) int {
	if err == nil {
		return exitOK
	}
	var wrong misused
	if errors.As(err, &wrong) {
		fmt.Fprintln(w, strings.TrimSpace(wrong.usage)+"\n")
	}
	if text := redact.Text(err.Error()); text != "" {
		fmt.Fprintln(w, "tacho: "+strings.TrimPrefix(text, "tacho: ")) // the prefix of the library's errors
	}
	var c coded
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, server.ErrConfig):
		return exitUsage
	case isCobraUsage(err):
		fmt.Fprintln(w, "       try: tacho --help")
		return exitUsage
	default:
		return exitFailed
	}
}

// isCobraUsage recognizes cobra's own errors, which have no type.
func isCobraUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "invalid argument"} {
		if strings.HasPrefix(err.Error(), prefix) {
			return true
		}
	}
	return false
}

// exit returns an error with a code and no text.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return coded{silent{}, code}
}

type silent struct{}

func (silent) Error() string { return "" }
