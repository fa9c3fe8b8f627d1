//go:build windows

package main

import "context"

// onReload does nothing: Windows has no SIGHUP; POST /-/reload does the same.
func onReload(context.Context, func()) {}
