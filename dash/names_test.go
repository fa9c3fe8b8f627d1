package dash_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/schema"
)

// TestErrorStatus: the page counts the statuses as errors that the rules do.
func TestErrorStatus(t *testing.T) {
	text, err := os.ReadFile("static/queries.js")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)const errorStatus = \[(.*?)\]`).FindSubmatch(text)
	if list == nil {
		t.Fatal("static/queries.js has no errorStatus")
	}
	var all []string
	for _, quoted := range regexp.MustCompile(`"([^"]*)"`).FindAllSubmatch(list[1], -1) {
		all = append(all, string(quoted[1]))
	}
	if got := strings.Join(all, "|"); got != schema.ErrorStatus {
		t.Errorf("the page's errors are %s, the schema's %s", got, schema.ErrorStatus)
	}
}
