package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	otlptranslator "github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

const (
	otlpPath       = "/api/v1/otlp/v1/metrics" // where OpenTelemetry's clients push
	rejectedPoints = "tacho_server_otlp_rejected_points_total"
)

// An otlp receives OpenTelemetry's metrics. It reads and translates them with
// Prometheus's packages, and does otherwise what Prometheus's handler does in a way
// that loses data: that one fails a request for one bad point, answers what could
// be sent again with 500, which clients take for the end, and a failed commit with 200.
type otlp struct {
	to       storage.AppendableV2
	full     *atomic.Bool
	config   func() *config.Config
	lookback time.Duration
	log      *slog.Logger
	deltas   *deltas
	rejected prometheus.Counter
}

func (s *Server) newOTLP() (*otlp, error) {
	d, err := newDeltas(mostDeltaStreams)
	if err != nil {
		return nil, fmt.Errorf("the conversion of OTLP's deltas: %w", err)
	}
	o := &otlp{
		to: s.fanout, full: &s.store.full, config: s.config, lookback: s.opts.QueryLookback, log: s.log.With("component", "otlp"), deltas: d,
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: rejectedPoints,
			Help: "Data points pushed over OTLP that were not stored; their clients were told.",
		}),
	}
	return o, s.registry.Register(o.rejected)
}

// run forgets silent streams of deltas until ctx ends.
func (o *otlp) run(ctx context.Context) error {
	if o == nil {
		<-ctx.Done()
		return nil
	}
	return o.deltas.run(ctx)
}

// ServeHTTP answers as OTLP has it: 400 is not sent again and 503 is, and what was not
// stored of a request is a partial success.
func (o *otlp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o.full.Load() {
		sendAgain(w, errFull, 30*time.Second)
		return
	}
	request, err := remote.DecodeOTLPWriteRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	left, err := o.take(r.Context(), request.Metrics())
	if err != nil {
		if r.Context().Err() == nil { // otherwise nobody waits for it any more
			o.log.Error("OTLP: a request could not be stored", "err", err)
		}
		sendAgain(w, err, 5*time.Second)
		return
	}
	o.answer(w, r.Header.Get("Content-Type"), left)
}

// sendAgain tells a client to send its request once more.
func sendAgain(w http.ResponseWriter, err error, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// Leftovers are what was not stored of a request.
type leftovers struct {
	points int
	why    []string
}

func (l *leftovers) add(points int, why string) {
	l.points += points
	if !slices.Contains(l.why, why) {
		l.why = append(l.why, why)
	}
}

// take stores what can be stored. The error is the storage's: nothing is stored then.
// Deltas that are sent again after it are known, and not added twice; their total is
// stored with the next one.
func (o *otlp) take(ctx context.Context, md pmetric.Metrics) (left leftovers, err error) {
	admit(md, time.Now(), time.Duration(o.config().StorageConfig.TSDBConfig.OutOfOrderTimeWindow)*time.Millisecond, &left)
	starts := pmetric.NewMetrics()
	if hasDeltas(md) {
		o.deltas.mu.Lock()
		defer o.deltas.mu.Unlock()
		before := md.DataPointCount()
		if starts, err = o.deltas.convert(ctx, md); err != nil {
			return left, err
		}
		if n := before - md.DataPointCount(); n > 0 {
			left.add(n, fmt.Sprintf("deltas are not newer than those before, or of more than %d streams: send fewer attributes, or cumulative temporality", o.deltas.most))
		}
	}
	err = o.store(ctx, starts, md, &left)
	return left, err
}

// store writes both in one transaction.
func (o *otlp) store(ctx context.Context, starts, md pmetric.Metrics, left *leftovers) error {
	app := &pushing{AppenderV2: o.to.AppenderV2(ctx)}
	if starts.DataPointCount() > 0 {
		app.starts = true
		_ = o.translate(ctx, app, starts)
		app.starts = false
	}
	err := o.translate(ctx, app, md)
	if failed := errors.Join(app.failed, ctx.Err()); failed != nil {
		return errors.Join(failed, app.Rollback())
	}
	if n := len(app.rejected); n > 0 {
		left.add(n, app.why.Error())
	}
	if err != nil {
		left.add(md.DataPointCount()-app.points, err.Error())
	}
	return app.Commit()
}

// translate appends all samples that the points of md stand for. The error tells of
// metrics that have no place in Prometheus; the others are appended.
func (o *otlp) translate(ctx context.Context, app *pushing, md pmetric.Metrics) error {
	c := o.config().OTLPConfig
	warnings, err := otlptranslator.NewPrometheusConverter(app).FromMetrics(ctx, md, otlptranslator.Settings{
		AddMetricSuffixes:                    c.TranslationStrategy.ShouldAddSuffixes(),
		AllowUTF8:                            !c.TranslationStrategy.ShouldEscape(),
		PromoteResourceAttributes:            otlptranslator.NewPromoteResourceAttributes(c),
		KeepIdentifyingResourceAttributes:    c.KeepIdentifyingResourceAttributes,
		ConvertHistogramsToNHCB:              c.ConvertHistogramsToNHCB,
		PromoteScopeMetadata:                 c.PromoteScopeMetadata,
		LookbackDelta:                        o.lookback,
		LabelNameUnderscoreSanitization:      c.LabelNameUnderscoreSanitization,
		LabelNamePreserveMultipleUnderscores: c.LabelNamePreserveMultipleUnderscores,
	})
	if texts, _ := warnings.AsStrings("", 0, 0); len(texts) > 0 {
		o.log.Warn("OTLP: metrics lost something in their translation", "warnings", texts)
	}
	return err
}

// answer tells a client in its own encoding what was not stored. Where everything was,
// the response has no field set, as OTLP demands.
func (o *otlp) answer(w http.ResponseWriter, contentType string, left leftovers) {
	isJSON := contentType == "application/json"
	var body []byte
	switch {
	case len(left.why) > 0:
		body = o.partialSuccess(left, isJSON)
	case isJSON:
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

// partialSuccess counts and logs what was not stored, and says it to the client.
func (o *otlp) partialSuccess(left leftovers, isJSON bool) []byte {
	why := strings.Join(left.why, "; ")
	o.rejected.Add(float64(left.points))
	o.log.Warn("OTLP: data points are not stored", "why", why, "counted_in", rejectedPoints)
	response := pmetricotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedDataPoints(int64(left.points))
	response.PartialSuccess().SetErrorMessage(fmt.Sprintf("%d data points are not stored: %s", left.points, why))
	marshal := response.MarshalProto
	if isJSON {
		marshal = response.MarshalJSON
	}
	body, _ := marshal() // of a number and a text: it cannot fail
	return body
}
