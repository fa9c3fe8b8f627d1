//go:build !unix

package multiproc

import (
	"io/fs"
	"os"
	"syscall"
)

// Links need a privilege here, and owners are not numbers.
const (
	noFollow = 0
	noWait   = syscall.O_NONBLOCK
)

func ownedByOneOf(fs.FileInfo, string) bool { return true }

func hasOtherNames(fs.FileInfo) bool { return false }

func giveToOwnerOf(*os.File, string) {}
