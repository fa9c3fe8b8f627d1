//go:build unix && !linux

package demo

import "syscall"

// childAttributes puts a child in its own process group. If we are killed, the child
// keeps running.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
