package doctor

import "testing"

func TestIDKinds(t *testing.T) {
	for value, want := range map[string]idKind{
		"17":                                     numberID,
		"1700000000":                             momentID,
		"1700000000123":                          momentID,
		"2024-05-01T12:00:00Z":                   momentID,
		"6f1c2a52-98a5-4d0e-9a1e-0f2f5d1e7c11":   uuidID,
		"{6F1C2A52-98A5-4D0E-9A1E-0F2F5D1E7C11}": uuidID,
		"9f86d081884c7d65":                       digestID,
		"0x9f86d081884c":                         digestID,
		"ann@example.org":                        addressID,
		"ann%40example.org":                      addressID,
		"kZ3x9QpL7vB2mN5t":                       tokenID,
		"eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl":       tokenID,

		"": noID, "users": noID, "{id}": noID, ":id": noID, "<int:id>": noID, "*": noID, "v2": noID,
		"deadbeef": noID, "accessed": noID, "feedfacefeed": noID, "GetUserByName": noID, "my-app-7d9f8b6c5d-x2x4z": noID,
		"com.example.Shop": noID, "index.html": noID, "10.0.0.1": noID, "node@host": noID, "StatusServiceUnavailable503": noID,
	} {
		if got := idKindOf(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestPathShape(t *testing.T) {
	for path, want := range map[string]string{
		"/users/17/orders/6f1c2a52-98a5-4d0e-9a1e-0f2f5d1e7c11": "/users/{number}/orders/{UUID}",
		"/users/{id}": "/users/{id}",
		"/api/v2":     "/api/v2",
	} {
		if got, _ := pathShape(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
