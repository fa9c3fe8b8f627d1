package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

const whyLong = `Why says which services are unhealthy and why: the route or target at fault, how
much now and before, since when, on which instance, and after which deployment or
restart. It queries a running tacho serve or tacho demo. Any other Prometheus server
with the built-in rules works as well: the verdict is then computed from what that
server has stored, with the findings of the past day.

  tacho why
  tacho why shop
  tacho why --server http://prometheus:9090 --json

Exit codes: 0 healthy or idle, 1 no verdict possible, 2 failing, 3 down, 4 slow,
5 another alert fires, 64 invalid flags or URL.`

// exitState is the exit code for the worst state.
var exitState = map[verdict.State]int{verdict.Failing: 2, verdict.Down: 3, verdict.Slow: 4, verdict.Warning: 5}

// whyFlags are the settings of tacho why.
type whyFlags struct {
	server  string
	json    bool
	timeout time.Duration
	headers []string
}

func (f *whyFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.server, "server", defaultServer, "`URL` of the server to query")
	flags.BoolVar(&f.json, "json", false, "write the verdict as JSON")
	periodVar(flags, &f.timeout, "timeout", 10*time.Second, "timeout of the verdict, for all its queries")
	flags.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` header to send with each request; repeatable")
}

func newWhy(s streams) *cobra.Command {
	f := &whyFlags{}
	cmd := &cobra.Command{
		Use:   "why [SERVICE]",
		Short: "Say which services are unhealthy, since when, and where",
		Long:  whyLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse(cmd, fmt.Errorf("why takes one service, got %d", len(args)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(notEmpty(cmd.Flags(), "server"), aboveZero(cmd.Flags(), "timeout")); err != nil {
				return usage(err)
			}
			return f.explain(cmd.Context(), args, s)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *whyFlags) explain(ctx context.Context, services []string, s streams) error {
	api, err := parseServer(f.server, f.headers)
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v, noPast, err := askVerdict(ctx, api)
	if err != nil {
		return fmt.Errorf("no verdict: %w", err)
	}
	if noPast != nil {
		fmt.Fprintf(s.err, "without past findings (a longer --timeout may help): %v\n", noPast)
	}
	if len(services) > 0 {
		if err := only(v, services[0]); err != nil {
			return err
		}
	}
	if f.json {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		err = e.Encode(v)
	} else {
		err = printVerdict(s.out, v)
	}
	if err != nil || len(v.Services) == 0 {
		return err
	}
	return exit(exitState[v.Services[0].State])
}

// defaultServer is the address of tacho serve and tacho demo.
const defaultServer = "http://127.0.0.1:9464"

// parseServer returns the API of a server. The URL is checked before anything is sent.
func parseServer(address string, headers []string) (verdict.API, error) {
	u, err := server.ParseExternalURL(address)
	if err != nil || u == nil {
		return verdict.API{}, fmt.Errorf("--server %s: it must look like %s", address, defaultServer)
	}
	header, err := parseHeaders("header", headers)
	return verdict.API{URL: strings.TrimSuffix(u.String(), "/"), Header: header}, err
}

// errNoVerdict is returned for a server that has none, such as another Prometheus.
var errNoVerdict = errors.New("it has no verdict")

// servedVerdict gets the verdict of a server.
func servedVerdict(ctx context.Context, api verdict.API) (*verdict.Verdict, error) {
	response, err := getFrom(ctx, api, "/"+server.VerdictPath)
	if err != nil {
		return nil, fmt.Errorf("%w; is tacho serve running there? Set --server", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		v := new(verdict.Verdict)
		if err := json.NewDecoder(response.Body).Decode(v); err != nil {
			return nil, fmt.Errorf("%s: the response is not a verdict: %w", response.Request.URL.Redacted(), err)
		}
		return v, nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%s responded with %s: pass the credentials with --header", api.URL, response.Status)
	}
	return nil, fmt.Errorf("%s responded with %s: %w", api.URL, response.Status, errNoVerdict)
}

// askVerdict gets the server's verdict, or computes one if the server has none. The second result is why
// a computed one is without past findings, or nil.
func askVerdict(ctx context.Context, api verdict.API) (v *verdict.Verdict, noPast, err error) {
	v, err = servedVerdict(ctx, api)
	if !errors.Is(err, errNoVerdict) {
		return v, nil, err
	}
	o, _ := api.RuleOptions(ctx, foreignOptions()) // without the rules, the defaults; if the server is gone, the round fails
	return computeVerdict(ctx, api, o, time.Now())
}

// computeVerdict computes the verdict of a moment, and replays the time before it for which findings are
// kept. What goes on is worth having without what is over.
func computeVerdict(ctx context.Context, q verdict.Querier, o verdict.Options, now time.Time) (v *verdict.Verdict, noPast, err error) {
	e := verdict.New(q, o)
	v, err = e.Round(ctx, now)
	if err != nil {
		return nil, nil, err
	}
	past, noPast := verdict.Replay(ctx, q, o, now.Add(-o.Remembered()), now)
	if noPast != nil {
		return v, noPast, nil
	}
	e.Adopt(past)
	whole, noPast := e.Round(ctx, now)
	if noPast != nil {
		return v, noPast, nil
	}
	return whole, nil, nil
}

// foreignOptions are those of the default rules, with the limits that the server's rules have recorded.
// The rules that the server lists have their own times.
func foreignOptions() verdict.Options {
	o := rules.Options{}.Verdict()
	o.ReadLimits = true
	return o
}

// only keeps one service.
func only(v *verdict.Verdict, job string) error {
	all := make([]string, 0, len(v.Services))
	for _, s := range v.Services {
		all = append(all, s.Job)
	}
	v.Services = slices.DeleteFunc(v.Services, func(s verdict.Service) bool { return s.Job != job })
	if len(v.Services) == 0 {
		slices.Sort(all)
		return usage(fmt.Errorf("there is no service %q; there are: %s", job, strings.Join(all, ", ")))
	}
	return nil
}

// printVerdict writes one block for each service, the worst first.
func printVerdict(out io.Writer, v *verdict.Verdict) error {
	var b strings.Builder
	words := verdict.Words{Location: time.Local, Now: v.At}
	if len(v.Services) == 0 {
		b.WriteString("No service is scraped.\n")
	}
	for _, s := range v.Services {
		fmt.Fprintf(&b, "%-8s %s", s.State, s.Job)
		if s.Targets > 0 {
			fmt.Fprintf(&b, "  %d of %d up", s.Up, s.Targets)
		}
		fmt.Fprintf(&b, "  %.3g requests/s, %.3g errors/s\n", s.Rate, s.Errors)
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "  %s\n", f.Sentence(words))
		}
		if still := s.Unexplained(); len(still) > 0 {
			fmt.Fprintf(&b, "  still firing: %s\n", strings.Join(still, ", "))
		}
		for _, f := range s.Over {
			fmt.Fprintf(&b, "  over: %s\n", f.Sentence(words))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
