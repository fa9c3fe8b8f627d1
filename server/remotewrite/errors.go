package remotewrite

import "errors"

var (
	// errDamaged is returned for a savepoint file without a valid line.
	errDamaged = errors.New("the savepoint is damaged")
	// errGone is returned by a tail that continues after segments that are gone: the series
	// must be loaded again.
	errGone = errors.New("segments of the log are gone")
	// errUnconfirmed is returned if a receiver of remote write 2.0 answers with success, but
	// confirms no sample.
	errUnconfirmed = errors.New("the receiver accepted the request and stored nothing: it does not support remote write 2.0; remove protobuf_message, or set it to prometheus.WriteRequest")
)
