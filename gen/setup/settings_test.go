package setup_test

import (
	"testing"

	"github.com/tacho-go/tacho/gen/setup"
)

func TestFile(t *testing.T) {
	got, err := setup.File("serve", []setup.Target{{Address: "localhost:8080", About: "naming scheme default"}}, []setup.Setting{
		{Name: "listen", About: "address", Values: []string{"127.0.0.1:9464"}},
		{Name: "web-config", About: "a file", Values: []string{""}},
		{Name: "receive", About: "accept\nsamples", Values: []string{"false"}},
		{Name: "alertmanager", About: "URLs", List: true},
		{Name: "limit", About: "limits", Values: []string{"a b=1%", "#c"}, List: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `# Settings of tacho serve, written by tacho generate init. Edit them, and run:
#   tacho serve --settings FILE
# A key is the name of a flag. Lines that are commented out are the defaults.

serve:
  # What to scrape: NAME=ADDRESS names the service.
  target:
    # naming scheme default
    - localhost:8080

  # address
  # listen: 127.0.0.1:9464

  # a file
  # web-config: ""

  # accept samples
  # receive: false

  # URLs
  # alertmanager: []

  # limits
  # limit:
  #   - a b=1%
  #   - '#c'
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	empty, err := setup.File("serve", nil, nil)
	if err != nil || string(empty[len(empty)-45:]) == "" {
		t.Errorf("without targets: %s, %v", empty, err)
	}
}
