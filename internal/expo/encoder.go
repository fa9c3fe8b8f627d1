package expo

import (
	"io"

	"github.com/prometheus/common/expfmt"
)

// An Encoder is a visitor that writes an exposition format into its buffer.
type Encoder interface {
	Visitor
	Out() *Buffer // its output
}

// A Buffer collects output and writes it in large pieces.
type Buffer struct {
	bytes []byte
	out   io.Writer
	Err   error // the first write error; further output is discarded
}

// Reset sets the output to out.
func (b *Buffer) Reset(out io.Writer) { *b = Buffer{bytes: b.bytes[:0], out: out} }

// Release drops the reference to out, so that a reused buffer does not keep a connection alive.
func (b *Buffer) Release() { b.out = nil }

// Flush writes the rest and returns the first write error.
func (b *Buffer) Flush() error {
	b.drain(1)
	return b.Err
}

// Write implements io.Writer for the output of other encoders.
func (b *Buffer) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p...)
	b.drain(flushAt)
	return len(p), b.Err
}

// flushAt is the size of the pieces that are written.
const flushAt = 32 << 10

// drain writes the collected output if it has at least this size.
func (b *Buffer) drain(least int) {
	if len(b.bytes) < least {
		return
	}
	if b.Err == nil {
		_, b.Err = b.out.Write(b.bytes)
	}
	b.bytes = b.bytes[:0]
}

// Encoders are our own encoders, whose memory the next scrape reuses.
type Encoders struct {
	text  textEncoder
	proto protoEncoder
}

// For returns our own encoder for a format, or nil if there is none. created adds _created samples
// to OpenMetrics.
func (s *Encoders) For(format expfmt.Format, created bool) Encoder {
	switch format.FormatType() {
	case expfmt.TypeTextPlain:
		s.text.openMetrics, s.text.created = false, false
		s.text.les = nil
		return &s.text
	case expfmt.TypeOpenMetrics:
		s.text.openMetrics, s.text.created = true, created
		s.text.les = nil
		return &s.text
	case expfmt.TypeProtoDelim:
		return &s.proto
	}
	return nil
}

// A Recorder passes on what is written and keeps the first error.
type Recorder struct {
	To  io.Writer
	Err error
}

// Write implements io.Writer.
func (s *Recorder) Write(p []byte) (n int, err error) {
	if n, err = s.To.Write(p); err != nil && s.Err == nil {
		s.Err = err
	}
	return n, err
}
