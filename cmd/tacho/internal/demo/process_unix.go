//go:build unix

package demo

import "syscall"

const terminate = syscall.SIGTERM

// killGroup kills the rest of a child's process group.
func killGroup(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }
