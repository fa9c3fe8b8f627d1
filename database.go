package tacho

import (
	"database/sql"
	"fmt"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tacho-go/tacho/internal/labelvalue"
)

// Database exports, beside a Meter's metrics, the state of a database/sql pool,
// as client_golang's collector does: go_sql_max_open_connections,
// go_sql_open_connections, go_sql_in_use_connections, go_sql_idle_connections,
// go_sql_wait_count_total, go_sql_wait_duration_seconds_total and the reasons for
// which connections were closed, with the label db_name. A name that is taken already is an error.
//
// It is no method of the Meter, so that programs which do not call it need not
// carry database/sql.
func Database(m *Meter, name string, db *sql.DB) error {
	if db == nil {
		return fmt.Errorf("tacho: Database: %q is nil", name)
	}
	if err := m.Registerer().Register(collectors.NewDBStatsCollector(db, labelvalue.Clean(name))); err != nil {
		return fmt.Errorf("tacho: Database: the pool %q cannot be registered: %w", name, err)
	}
	return nil
}
