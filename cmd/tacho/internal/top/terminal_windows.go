package top

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableSequences enables escape sequences in the console.
func enableSequences(out *os.File) (restore func(), err error) {
	var before uint32
	console := windows.Handle(out.Fd())
	if err := windows.GetConsoleMode(console, &before); err != nil {
		return nil, err
	}
	err = windows.SetConsoleMode(console, before|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	return func() { _ = windows.SetConsoleMode(console, before) }, err
}

// resized never sends: each frame queries the size.
func resized() (c chan os.Signal, stop func()) { return nil, func() {} }
