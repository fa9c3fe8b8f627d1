package engine

// What a writer can do, for tests outside of the package, which need a Meter.
const (
	OptionalKinds = optionalKinds
	CanFlush      = canFlush
	CanHijack     = canHijack
	CanPush       = canPush
)

var AbilitiesOf = abilitiesOf
