// Package sqlitethread has a database for any number of goroutines, of which one thread
// makes all calls of SQLite. That is how a C library is used that keeps its state with
// the thread, or has no locks of its own.
//
// The goroutines go to the thread themselves if the toolchain has thread lockers
// (thread_locker.go). If not, a goroutine on the thread calls SQLite for them
// (thread_server.go).
package sqlitethread

import (
	"database/sql/driver"
	"errors"
	"io"
	"runtime"

	"github.com/mattn/go-sqlite3"
)

// A DB is a bank, in memory. Its accounts have the numbers from 0 on, and begin with
// startBalance each. Its methods are requests; each runs to its end before another begins.
type DB struct {
	*Thread
	conn  *sqlite3.SQLiteConn
	stmts []driver.Stmt

	echo, callback, total, change, begin, commit, rollback driver.Stmt
}

const startBalance = 1000

// Open opens a DB, of which there must be only one at a time.
func Open(accounts int) (*DB, error) {
	db := &DB{Thread: NewThread()}
	var err error
	db.Do(func() {
		watchThread()
		err = db.open(accounts)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) open(accounts int) error {
	conn, err := new(sqlite3.SQLiteDriver).Open(":memory:")
	if err != nil {
		return err
	}
	db.conn = conn.(*sqlite3.SQLiteConn)
	if err := db.conn.RegisterFunc("callback", callback, false); err != nil {
		return err
	}
	if _, err := db.conn.Exec("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, changes INTEGER NOT NULL)", nil); err != nil {
		return err
	}
	const fill = "WITH RECURSIVE n(id) AS (VALUES (0) UNION ALL SELECT id + 1 FROM n WHERE id + 1 < ?) INSERT INTO accounts SELECT id, ?, 0 FROM n"
	if _, err := db.conn.Exec(fill, []driver.Value{int64(accounts), int64(startBalance)}); err != nil {
		return err
	}
	for _, s := range []struct {
		stmt *driver.Stmt
		sql  string
	}{
		{&db.echo, "SELECT ?"},
		{&db.callback, "SELECT callback(?)"},
		{&db.total, "SELECT sum(balance), sum(changes) FROM accounts WHERE id >= ? AND id < ?"},
		{&db.change, "UPDATE accounts SET balance = balance + ?, changes = changes + 1 WHERE id = ?"},
		{&db.begin, "BEGIN"},
		{&db.commit, "COMMIT"},
		{&db.rollback, "ROLLBACK"},
	} {
		if *s.stmt, err = db.conn.Prepare(s.sql); err != nil {
			return err
		}
		db.stmts = append(db.stmts, *s.stmt)
	}
	return nil
}

// callback is called by SQLite. It lets other goroutines go on before it returns.
func callback(n int64) int64 {
	runtime.Gosched()
	return n + 1
}

// Close closes the database. It reports whether any call of SQLite has come from
// another thread than the database's.
func (db *DB) Close() error {
	var errs []error
	db.Do(func() {
		for _, s := range db.stmts {
			errs = append(errs, s.Close())
		}
		if db.conn != nil {
			errs = append(errs, db.conn.Close())
		}
		errs = append(errs, watchedThread())
	})
	db.Thread.Close()
	return errors.Join(errs...)
}

// Echo has SQLite return n.
func (db *DB) Echo(n int64) (echo int64, err error) {
	db.Do(func() {
		var row [1]int64
		err = query(db.echo, row[:], n)
		echo = row[0]
	})
	return echo, err
}

// Callback has SQLite call Go, which returns n + 1.
func (db *DB) Callback(n int64) (next int64, err error) {
	db.Do(func() {
		var row [1]int64
		err = query(db.callback, row[:], n)
		next = row[0]
	})
	return next, err
}

// Total returns what the accounts from first on have together, n of them, and how often
// they were changed.
func (db *DB) Total(first, n int64) (balance, changes int64, err error) {
	db.Do(func() {
		var row [2]int64
		err = query(db.total, row[:], first, first+n)
		balance, changes = row[0], row[1]
	})
	return balance, changes, err
}

// Transfer transfers amount from an account to another one.
func (db *DB) Transfer(from, to, amount int64) (err error) {
	db.Do(func() {
		if err = exec(db.begin); err != nil {
			return
		}
		if err = exec(db.change, -amount, from); err == nil {
			err = exec(db.change, amount, to)
		}
		if err != nil {
			err = errors.Join(err, exec(db.rollback))
			return
		}
		err = exec(db.commit)
	})
	return err
}

// query runs a statement that returns one row of integers.
func query(s driver.Stmt, row []int64, args ...driver.Value) error {
	rows, err := s.Query(args)
	if err != nil {
		return err
	}
	var buf [2]driver.Value
	dest := buf[:len(row)]
	if err := rows.Next(dest); err != nil {
		if err == io.EOF {
			err = errors.New("no row")
		}
		return errors.Join(err, rows.Close())
	}
	for i, v := range dest {
		row[i], _ = v.(int64)
	}
	return rows.Close()
}

// exec runs a statement that returns nothing.
func exec(s driver.Stmt, args ...driver.Value) error {
	_, err := s.Exec(args)
	return err
}
