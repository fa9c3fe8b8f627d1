package verdict

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// ServeHTTP responds with the verdict as JSON. The parameter lang is the language of its sentences, "en"
// or "zh", and tz the time zone of their times, such as Asia/Shanghai; the defaults are English and the
// time zone of the process. The response to an invalid parameter is 400, with an error as in
// Prometheus's API.
func (v *Verdict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	words, err := wordsOf(r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": "bad_data", "error": err.Error()})
		return
	}
	_ = json.NewEncoder(w).Encode(v.In(words)) // fails only if the client is gone
}

// From returns a copy of the verdict with its source.
func (v *Verdict) From(s Source) *Verdict {
	c := *v
	c.Source = &s
	return &c
}

func wordsOf(r *http.Request) (Words, error) {
	w := Words{Language: English, Location: time.Local}
	if tag := r.FormValue("lang"); tag != "" {
		language, known := ParseLanguage(tag)
		if !known {
			return w, fmt.Errorf("lang=%q: use en or zh", tag)
		}
		w.Language = language
	}
	if name := r.FormValue("tz"); name != "" {
		location, err := time.LoadLocation(name)
		if err != nil {
			return w, fmt.Errorf("tz=%q: write a time zone such as Asia/Shanghai or UTC", name)
		}
		w.Location = location
	}
	return w, nil
}
