package outgoing

import (
	"net/http"
	"testing"
)

func TestTransportHosts(t *testing.T) {
	rt := NewTransport(NewMetrics(Config{}), nil, []string{"api.example.com", "Search:9200", "[::1]:8080"}).(*transport)
	for url, want := range map[string]string{
		"http://api.example.com/x": "api.example.com", "https://API.example.com:8443/": "api.example.com",
		"http://search:9200": "Search:9200", "http://search": "other", "http://search:9201": "other",
		"http://[::1]:8080/": "[::1]:8080", "http://evil.example": "other", "http://api.example.com.evil": "other",
	} {
		r, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := rt.host(r.URL).text; got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
}
