package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacho-go/tacho/cmd/tacho/internal/gunicorn"
)

const gunicornLong = `Gunicorn prints a configuration for Gunicorn that measures a WSGI service without a
change to it: rate, status, latency and exceptions of each route of Flask, Django and
Bottle, under the names of tacho's library. It needs no Python package.

  tacho gunicorn --dir /run/shop/metrics > gunicorn.conf.py
  gunicorn -c gunicorn.conf.py app:app
  tacho serve --gunicorn shop=/run/shop/metrics      the page
  tacho multiproc --dir /run/shop/metrics            /metrics for another Prometheus

If you have a configuration already, name it with --include: its settings and hooks stay
in effect. Workers count in mapped files: nothing is lost if one is killed, and no
request waits or fails because of it.`

func newGunicorn(s streams) *cobra.Command {
	var o gunicorn.Options
	cmd := &cobra.Command{
		Use:   "gunicorn",
		Short: "Print a configuration that measures a service under Gunicorn",
		Long:  gunicornLong,
		Args:  noArguments("use --include for your own configuration"),
		RunE: func(*cobra.Command, []string) error {
			if err := checkGunicorn(&o); err != nil {
				return usage(err)
			}
			_, err := io.WriteString(s.out, gunicorn.Configuration(o))
			return err
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "/tmp/tacho-gunicorn", "`directory` that the workers write to, for one service; $TACHO_GUNICORN_DIR of Gunicorn takes precedence")
	cmd.Flags().StringVar(&o.Include, "include", "", "`file` with your own configuration of Gunicorn")
	return cmd
}

// checkGunicorn checks the options, and makes the paths absolute: Gunicorn may run elsewhere.
func checkGunicorn(o *gunicorn.Options) (err error) {
	if o.Dir == "" {
		return errors.New("--dir is empty: name the directory that the workers write to")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	o.Flags = " --dir " + o.Dir
	if o.Include == "" {
		return nil
	}
	if o.Include, err = filepath.Abs(o.Include); err != nil {
		return fmt.Errorf("--include: %w", err)
	}
	if !strings.HasSuffix(o.Include, ".py") {
		return fmt.Errorf("--include %s: a configuration of Gunicorn is a Python file, and ends in .py", o.Include)
	}
	o.Flags += " --include " + o.Include
	return nil
}
