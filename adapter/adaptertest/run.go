package adaptertest

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// Run checks the framework against every case, and checks its Lacks.
func Run(t *testing.T, fw Framework) {
	t.Run("lacks", func(t *testing.T) {
		if err := fw.checkLacks(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for _, f := range c.Needs {
				if why, lacks := fw.Lacks[f]; lacks {
					t.Skipf("the framework lacks %s: %s", f, why)
				}
			}
			if err := Check(fw, c); err != nil {
				t.Errorf("rule: %s\n%v", c.Rule, err)
			}
		})
	}
}

// Check checks the framework against one case and says what is wrong.
func Check(fw Framework, c Case) error { return check(fw, c, 5*time.Second) }

func check(fw Framework, c Case, patience time.Duration) error {
	lab := &Lab{framework: fw, patience: patience}
	lab.client.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	lab.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer lab.close()
	return c.Check(lab)
}

// Cases returns all cases.
func Cases() []Case {
	return slices.Concat(routeCases, unmatchedCases, boundCases, []Case{abuseCase}, outcomeCases, streamCases, sizeCases, serviceCases, aroundCases, dispatchCases, requestCases, trackCases)
}
