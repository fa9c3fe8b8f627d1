package demo

import "syscall"

// childAttributes: a group of its own, and SIGTERM when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
