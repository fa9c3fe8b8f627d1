package top

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandSequences tells the console that sequences are no text.
func understandSequences(out *os.File) (restore func(), err error) {
	var before uint32
	console := windows.Handle(out.Fd())
	if err := windows.GetConsoleMode(console, &before); err != nil {
		return nil, err
	}
	err = windows.SetConsoleMode(console, before|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	return func() { _ = windows.SetConsoleMode(console, before) }, err
}

// resized never sends: the size is asked for with each picture.
func resized() (c chan os.Signal, stop func()) { return nil, func() {} }
