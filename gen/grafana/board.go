package grafana

// A board is one dashboard as data.
type board struct {
	name, title, about string
	routed             bool // it shows the chosen route
	panels             func(naming) []panel
}
