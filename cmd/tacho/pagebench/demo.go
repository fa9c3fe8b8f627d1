package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// A demo is a running command of tacho.
type demo struct {
	address string
	begun   time.Time
	end     func() error
}

// build compiles tacho into a folder and returns its path.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "tacho")
	compile := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/tacho")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/tacho, from the repository's root: %w\n%s", err, text)
	}
	return program, nil
}

// withDemo builds tacho and runs its demo for as long as f.
func withDemo(ctx context.Context, f func(demo) error) error {
	dir, err := os.MkdirTemp("", "tacho-bench-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	d, err := start(exec.CommandContext(ctx, program, "demo", "--no-open"))
	if err != nil {
		return err
	}
	return errors.Join(f(d), d.end())
}

var pageAddress = regexp.MustCompile(`http://\S+/`)

// start starts a command of tacho and waits for its address.
func start(cmd *exec.Cmd) (demo, error) {
	d := demo{begun: time.Now()}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return d, err
	}
	if err := cmd.Start(); err != nil {
		return d, err
	}
	d.end = func() error {
		_ = cmd.Process.Signal(os.Interrupt)
		return cmd.Wait()
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if d.address = pageAddress.FindString(lines.Text()); d.address == "" {
			continue
		}
		go func() {
			for lines.Scan() { // what else it says must not block it
			}
		}()
		return d, nil
	}
	return d, errors.Join(errors.New("tacho printed no address"), d.end())
}
