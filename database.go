package tacho

import (
	"database/sql"
	"fmt"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tacho-go/tacho/internal/labelvalue"
)

// Database adds the state of a database/sql pool to a Meter's metrics, like client_golang's
// collector: go_sql_max_open_connections, go_sql_open_connections, go_sql_in_use_connections,
// go_sql_idle_connections, go_sql_wait_count_total, go_sql_wait_duration_seconds_total and the
// reasons for which connections were closed, with the label db_name. It returns an error if the
// name is already registered.
//
// It is not a method of Meter, so that programs that do not call it do not link database/sql.
func Database(m *Meter, name string, db *sql.DB) error {
	if db == nil {
		return fmt.Errorf("tacho: Database: %q is nil", name)
	}
	if err := m.Registerer().Register(collectors.NewDBStatsCollector(db, labelvalue.Clean(name))); err != nil {
		return fmt.Errorf("tacho: Database: the pool %q cannot be registered: %w", name, err)
	}
	return nil
}
