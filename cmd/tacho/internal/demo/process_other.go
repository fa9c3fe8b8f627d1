//go:build unix && !linux

package demo

import "syscall"

// childAttributes: a group of its own. Nothing here would end a child when we
// are killed.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
