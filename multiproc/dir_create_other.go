//go:build !unix

package multiproc

import (
	"io/fs"
	"os"
	"syscall"
)

// Creating links takes a privilege here, and owners are not numbers.
const (
	noFollow    = 0
	nonBlocking = syscall.O_NONBLOCK
)

func ownedByOneOf(fs.FileInfo, string) bool { return true }

func hasOtherLinks(fs.FileInfo) bool { return false }

func chownToDirOwner(*os.File, string) {}
