package verdict

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAPI(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.FormValue("query")+" "+r.FormValue("time")+r.FormValue("start")+" "+r.Header.Get("X-Tenant"))
		switch r.FormValue("query") {
		case "bad(":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"no closing parenthesis"}`)
		case "range":
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"shop"},"values":[[1,"1"],[16.5,"NaN"]]}]}}`)
		default:
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"shop"},"value":[1.25,"+Inf"]}]}}`)
		}
	}))
	defer s.Close()
	api := API{URL: s.URL + "/prefix/", Header: http.Header{"X-Tenant": {"a"}}}
	got, err := api.Query(t.Context(), "up", time.UnixMilli(1500))
	if err != nil || len(got) != 1 || got[0].Labels["job"] != "shop" || !got[0].Points[0].At.Equal(time.UnixMilli(1250)) || fmt.Sprint(got[0].last()) != "+Inf" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = api.QueryRange(t.Context(), "range", time.Unix(1, 0), time.Unix(20, 0), 15*time.Second)
	if err != nil || len(got) != 1 || len(got[0].Points) != 2 || fmt.Sprint(got[0].last()) != "NaN" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := api.Query(t.Context(), "bad(", time.Now()); err == nil || err.Error() != "no closing parenthesis" {
		t.Errorf("the error of a query: %v", err)
	}
	if want := "POST /prefix/api/v1/query up 1.500 a"; asked[0] != want {
		t.Errorf("asked %q, want %q", asked[0], want)
	}
}

// TestNoAPI: an address that is none is named.
func TestNoAPI(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/none/") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, "<html>")
	}))
	defer page.Close()
	for _, tt := range []struct{ url, want string }{
		{page.URL, "is not that of a Prometheus API"},
		{page.URL + "/none", "404 Not Found: is it the address of a Prometheus server?"},
		{"http://127.0.0.1:1", "connection refused"},
	} {
		if _, err := (API{URL: tt.url}).Query(t.Context(), "up", time.Now()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.url, err, tt.want)
		}
	}
}
