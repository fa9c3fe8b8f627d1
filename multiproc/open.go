package multiproc

import (
	"io/fs"
	"os"
)

// openRegular opens a regular file. It does not block, as opening a FIFO would, and does not follow
// links, which may lead to a device or to a file that only this process may read.
func openRegular(path string) (*os.File, fs.FileInfo, Reason) {
	in, err := os.OpenFile(path, os.O_RDONLY|noFollow|nonBlocking, 0)
	if err != nil {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			return nil, nil, NotRegular // or missing
		}
		return nil, nil, Unreadable
	}
	info, err := in.Stat()
	switch {
	case err != nil:
		_ = in.Close()
		return nil, nil, Unreadable
	case !info.Mode().IsRegular():
		_ = in.Close()
		return nil, nil, NotRegular
	}
	return in, info, ""
}
