package demo

import "syscall"

// childAttributes puts a child in its own process group, with SIGTERM when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
