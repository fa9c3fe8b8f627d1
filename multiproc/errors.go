package multiproc

import "errors"

// ErrBusy is what Compact returns while another process compacts the directory,
// or has asked compactors to wait until it has read it.
var ErrBusy = errors.New("multiproc: another process is at work in this directory")

// ErrInvisible is what Compact returns when none of the processes that are said to
// be alive has its files open: then the numbers are those of other processes, and
// nobody can say who is dead. The compactor must see the service's processes: in
// a container of its own it has to share their PID namespace.
var ErrInvisible = errors.New("multiproc: no process that writes into this directory can be seen from here; run the compactor " +
	"as the service's user and in its PID namespace")

// errNoFile is why cells stay in private memory for which there was no space at
// first: until there was, other Cells of the process have come to have the directory.
var errNoFile = errors.New("multiproc: other cells of this process are in the directory")
