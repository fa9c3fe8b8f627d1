package demo

import (
	"os"
	"syscall"
)

// Gunicorn does not run on Windows, so nothing is ever started there.
var terminate = os.Kill

func childAttributes() *syscall.SysProcAttr { return nil }

func killGroup(int) {}
