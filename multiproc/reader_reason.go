package multiproc

// A Reason is why a file or an entry was not read completely.
type Reason string

// The reasons, as label values of tacho_multiproc_damaged.
const (
	Unreadable Reason = "unreadable"  // the file cannot be opened or read
	NotRegular Reason = "not_regular" // a directory, a FIFO, a link
	Foreign    Reason = "foreign"     // a *.db file with a name that no client uses
	BadHeader  Reason = "header"      // the number of bytes in use is impossible
	Truncated  Reason = "truncated"   // the file is shorter than its header says
	Shrunk     Reason = "shrunk"      // it holds less than before; its old counts are kept
	BadLength  Reason = "length"      // impossible length of an entry
	BadKey     Reason = "key"         // the key of an entry is not the JSON that clients write
	BadName    Reason = "name"        // a metric or label has no valid name, or a label occurs twice
	BadBound   Reason = "bound"       // a bucket's le is not a number
	BadValue   Reason = "value"       // a count is negative or NaN
	Conflict   Reason = "conflict"    // another file has the metric with a different type or mode
	Limit      Reason = "limit"       // too many series
)

var reasons = []Reason{
	Unreadable, NotRegular, Foreign, BadHeader, Truncated, Shrunk, BadLength, BadKey, BadName, BadBound, BadValue, Conflict, Limit,
}
