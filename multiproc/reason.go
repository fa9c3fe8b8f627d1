package multiproc

// A Reason says why something in the directory was not read, or not all of it.
type Reason string

// The reasons, as values of the label of tacho_multiproc_damaged.
const (
	Unreadable Reason = "unreadable"  // the file cannot be opened or read
	NotRegular Reason = "not_regular" // a directory, a FIFO, a link
	Foreign    Reason = "foreign"     // *.db with a name that no client gives
	BadHeader  Reason = "header"      // the number of bytes in use is impossible
	Truncated  Reason = "truncated"   // the file ends before what its header says
	Shrunk     Reason = "shrunk"      // it has less in it than before; what it had still counts
	BadLength  Reason = "length"      // an entry's length is impossible
	BadKey     Reason = "key"         // an entry's key is not the JSON that clients write
	BadName    Reason = "name"        // a metric or label has no name, or one twice
	BadBound   Reason = "bound"       // a bucket's le is no number
	BadValue   Reason = "value"       // a count that is negative or no number
	Conflict   Reason = "conflict"    // another file has the metric with another type or mode
	Limit      Reason = "limit"       // there are too many series
)

var reasons = []Reason{
	Unreadable, NotRegular, Foreign, BadHeader, Truncated, Shrunk, BadLength, BadKey, BadName, BadBound, BadValue, Conflict, Limit,
}
