package dash

import "testing"

// TestFilesAreMadeOnce: handlers share what is embedded and compressed.
func TestFilesAreMadeOnce(t *testing.T) {
	a, b := Handler(Options{}).(page).files, Handler(Options{Title: "other"}).(page).files
	for name, f := range a {
		if same := &f.plain.body[0] == &b[name].plain.body[0]; same == (name == "config.json") {
			t.Errorf("%s: shared is %v", name, same)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Handler(Options{}) }); n > 1000 {
		t.Errorf("a handler takes %v allocations", n)
	}
	shared := a["tacho-first.js"].zipped().body
	if &shared[0] != &b["tacho-first.js"].zipped().body[0] {
		t.Error("tacho-first.js is compressed twice")
	}
}
