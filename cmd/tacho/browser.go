package main

import (
	"log/slog"
	"os"
	"os/exec"
	"runtime"
)

// openBrowser opens a page, if there is somebody to look at it. It is a
// convenience: the address is printed, so a failure is no error.
func openBrowser(url string) {
	name, args := browserCommand(runtime.GOOS, os.Getenv)
	if name == "" {
		return
	}
	cmd := exec.Command(name, append(args, url)...)
	if err := cmd.Start(); err != nil {
		slog.Debug("the browser does not open", "err", err)
		return
	}
	go func() { _ = cmd.Wait() }()
}

// browserCommand returns what opens a page on a system, "" where there is no
// screen.
func browserCommand(system string, env func(string) string) (name string, args []string) {
	switch {
	case system == "darwin":
		return "open", nil
	case system == "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler"}
	case env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != "":
		return "xdg-open", nil
	}
	return "", nil
}
