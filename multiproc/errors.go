package multiproc

import "errors"

// ErrBusy is what Compact returns while another process compacts the directory,
// or has asked compactors to wait until it has read it.
var ErrBusy = errors.New("multiproc: another process is at work in this directory")

// ErrInvisible is what Compact returns when it cannot be seen of some workers of Python's
// client whether they are dead, or none is seen that lives. Their files stay as they are.
// A worker is a process that has mapped its file. The compactor sees it as root, or as
// the service's user; in a container of its own it has to share the service's PID namespace.
var ErrInvisible = errors.New("multiproc: it cannot be seen which processes have mapped the files of this directory; run the compactor " +
	"as the service's user and in its PID namespace")

// errNoFile is why cells stay in private memory for which there was no space at
// first: until there was, other Cells of the process have come to have the directory.
var errNoFile = errors.New("multiproc: other cells of this process are in the directory")
