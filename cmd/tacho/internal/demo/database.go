package demo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"
)

// connections is how many an instance may have open to its database, for a shop that
// gets so many requests a second: on a quiet day a sixth of them is in use, while
// something is slow half of them.
func connections(rate float64) int { return max(12, int(rate*0.3)) }

// openDatabase returns a real database/sql pool, in front of a database that does
// nothing but take its time.
func openDatabase(rate float64) *sql.DB {
	db := sql.OpenDB(sleepy{})
	db.SetMaxOpenConns(connections(rate))
	db.SetMaxIdleConns(connections(rate))
	return db
}

// query lets the database work for d, and reports whether the client is still there
// afterwards.
func query(ctx context.Context, db *sql.DB, d time.Duration) bool {
	_, err := db.ExecContext(ctx, "SELECT pg_sleep($1)", int64(d))
	return err == nil
}

// sleepy is the database's driver.
type sleepy struct{}

func (sleepy) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }
func (s sleepy) Driver() driver.Driver                      { return s }
func (sleepy) Open(string) (driver.Conn, error)             { return connection{}, nil }

type connection struct{}

var errQuery = errors.New("the demo's database knows how to sleep and nothing else")

func (connection) ExecContext(ctx context.Context, _ string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) != 1 {
		return nil, errQuery
	}
	ns, ok := args[0].Value.(int64)
	if !ok {
		return nil, errQuery
	}
	if !rest(ctx, time.Duration(ns)) {
		return nil, ctx.Err()
	}
	return driver.ResultNoRows, nil
}

func (connection) Prepare(string) (driver.Stmt, error) { return nil, errQuery }
func (connection) Begin() (driver.Tx, error)           { return nil, errQuery }
func (connection) Close() error                        { return nil }
