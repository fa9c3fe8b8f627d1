package filegraph_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tacho-go/tacho/internal/filegraph"
)

// TestLoad: a use counts whether it is a type, a function, a method or a field;
// what imported packages declare does not.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example\n\ngo 1.26\n",
		"alone.go":  "package example\n\nimport \"strings\"\n\nfunc upper(s string) string { return strings.ToUpper(s) }\n",
		"type.go":   "package example\n\ntype pair struct{ left, right int }\n\nfunc (p pair) sum() int { return add(p.left, p.right) }\n",
		"add.go":    "package example\n\nfunc add(a, b int) int { return a + b }\n\nvar zero = pair{}\n",
		"method.go": "package example\n\nvar ten = func() int { return zero.sum() }()\n",
		"x_test.go": "package example\n\nvar _ = upper\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	all, err := filegraph.Load(dir, ".")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d packages, %v", len(all), err)
	}
	want := map[string][]string{"alone.go": nil, "type.go": {"add.go"}, "add.go": {"type.go"}, "method.go": {"add.go", "type.go"}}
	if !reflect.DeepEqual(all[0].Files, want) {
		t.Errorf("files %v, want %v", all[0].Files, want)
	}
	if n := all[0].Dependencies(); n != 1 {
		t.Errorf("%v dependencies a file, want 1", n)
	}
	if got, want := all[0].Cycles(), [][]string{{"add.go", "type.go"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("cycles %v, want %v", got, want)
	}
}
