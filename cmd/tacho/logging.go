package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/internal/redact"
)

// Values of the flags.
var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"text", "json"}
)

// logFlags configure the log. It goes to standard error.
type logFlags struct{ level, format string }

func (l *logFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&l.level, "log-level", "warn", "lowest `level` to log: debug, info, warn or error")
	flags.StringVar(&l.format, "log-format", "text", "log `format`: text or json")
}

func (l *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: it must be debug, info, warn or error", l.level)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: withoutPasswords}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("--log-format %q: it must be text or json", l.format)
	}
}

// withoutPasswords hides passwords in URLs: Prometheus logs remote_write URLs unredacted.
func withoutPasswords(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(redact.Text(v))
	case error:
		a.Value = slog.StringValue(redact.Text(v.Error()))
	}
	return a
}
