package tacho

import (
	"database/sql"
	"fmt"

	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Database exports the state of a database/sql pool, as client_golang's
// collector does: go_sql_max_open_connections, go_sql_open_connections,
// go_sql_in_use_connections, go_sql_idle_connections, go_sql_wait_count_total,
// go_sql_wait_duration_seconds_total and the reasons for which connections were
// closed, with the label db_name. A name that is taken already is an error.
func (m *Meter) Database(name string, db *sql.DB) error {
	if db == nil {
		return fmt.Errorf("tacho: Database: %q is nil", name)
	}
	if err := m.Registerer().Register(collectors.NewDBStatsCollector(db, cleanLabel(name))); err != nil {
		return fmt.Errorf("tacho: Database: the pool %q cannot be registered: %w", name, err)
	}
	return nil
}
