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

// An otlp receives OpenTelemetry metrics. It decodes and translates them with
// Prometheus's packages, but does not use Prometheus's handler, which loses data: it
// rejects a whole request because of one invalid point, responds to retryable errors
// with 500, which clients do not retry, and to a failed commit with 200.
type otlp struct {
	to       storage.AppendableV2
	full     *atomic.Bool
	config   func() *config.Config
	lookback time.Duration
	log      *slog.Logger
	deltas   *deltas
	rejected prometheus.Counter
}

// run removes idle delta streams until ctx is done.
func (o *otlp) run(ctx context.Context) error {
	if o == nil {
		<-ctx.Done()
		return nil
	}
	return o.deltas.run(ctx)
}

// ServeHTTP responds as OTLP specifies: clients retry 503 but not 400. Points that were
// not stored are reported as a partial success.
func (o *otlp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o.full.Load() {
		writeRetryable(w, errFull, 30*time.Second)
		return
	}
	request, err := remote.DecodeOTLPWriteRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	rejected, err := o.take(r.Context(), request.Metrics())
	if err != nil {
		if r.Context().Err() == nil { // otherwise the client is gone
			o.log.Error("OTLP: a request could not be stored", "err", err)
		}
		writeRetryable(w, err, 5*time.Second)
		return
	}
	o.answer(w, r.Header.Get("Content-Type"), rejected)
}

// writeRetryable responds with an error that clients retry.
func writeRetryable(w http.ResponseWriter, err error, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// rejections are the points of a request that were not stored.
type rejections struct {
	points  int
	reasons []string
}

func (l *rejections) add(points int, reasons string) {
	l.points += points
	if !slices.Contains(l.reasons, reasons) {
		l.reasons = append(l.reasons, reasons)
	}
}

// take stores the valid points. An error is a storage error: nothing is stored then. If
// the client retries after an error, its deltas are not added twice; their total is
// stored with the next delta.
func (o *otlp) take(ctx context.Context, md pmetric.Metrics) (rejected rejections, err error) {
	removeInvalid(md, time.Now(), time.Duration(o.config().StorageConfig.TSDBConfig.OutOfOrderTimeWindow)*time.Millisecond, &rejected)
	starts := pmetric.NewMetrics()
	if hasDeltas(md) {
		o.deltas.mu.Lock()
		defer o.deltas.mu.Unlock()
		before := md.DataPointCount()
		if starts, err = o.deltas.convert(ctx, md); err != nil {
			return rejected, err
		}
		if n := before - md.DataPointCount(); n > 0 {
			rejected.add(n, fmt.Sprintf("deltas are not newer than the previous ones, or exceed the limit of %d streams: send fewer attributes, or cumulative temporality", o.deltas.maxStreams))
		}
	}
	err = o.store(ctx, starts, md, &rejected)
	return rejected, err
}

// store appends starts and md in one transaction.
func (o *otlp) store(ctx context.Context, starts, md pmetric.Metrics, rejected *rejections) error {
	app := &pushAppender{AppenderV2: o.to.AppenderV2(ctx)}
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
		rejected.add(n, app.reason.Error())
	}
	if err != nil {
		rejected.add(md.DataPointCount()-app.points, err.Error())
	}
	return app.Commit()
}

// translate appends the samples of all points of md. The error lists metrics that
// Prometheus cannot represent; the others are appended.
func (o *otlp) translate(ctx context.Context, app *pushAppender, md pmetric.Metrics) error {
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
		o.log.Warn("OTLP: metrics were translated with loss", "warnings", texts)
	}
	return err
}

// answer reports the rejected points in the client's encoding. Without any, the response
// is empty, as OTLP requires.
func (o *otlp) answer(w http.ResponseWriter, contentType string, rejected rejections) {
	isJSON := contentType == "application/json"
	var body []byte
	switch {
	case len(rejected.reasons) > 0:
		body = o.partialSuccess(rejected, isJSON)
	case isJSON:
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

// partialSuccess counts and logs the rejected points and encodes the response.
func (o *otlp) partialSuccess(rejected rejections, isJSON bool) []byte {
	reasons := strings.Join(rejected.reasons, "; ")
	o.rejected.Add(float64(rejected.points))
	o.log.Warn("OTLP: data points were not stored", "why", reasons, "counted_in", rejectedPoints)
	response := pmetricotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedDataPoints(int64(rejected.points))
	response.PartialSuccess().SetErrorMessage(fmt.Sprintf("%d data points were not stored: %s", rejected.points, reasons))
	marshal := response.MarshalProto
	if isJSON {
		marshal = response.MarshalJSON
	}
	body, _ := marshal() // cannot fail for a number and a text
	return body
}
