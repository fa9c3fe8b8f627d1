package main

import (
	"log/slog"
	"os"
	"os/exec"
	"runtime"
)

// openBrowser opens a page if the system has a display. A failure is not an error, because
// the address is printed as well.
func openBrowser(url string) {
	name, args := browserCommand(runtime.GOOS, os.Getenv)
	if name == "" {
		return
	}
	cmd := exec.Command(name, append(args, url)...)
	if err := cmd.Start(); err != nil {
		slog.Debug("cannot open the browser", "err", err)
		return
	}
	go func() { _ = cmd.Wait() }()
}

// browserCommand returns the command that opens a page on a system, or "" if there is no
// display.
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
