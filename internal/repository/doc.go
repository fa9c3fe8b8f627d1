// Package repository has the tests of rules that hold in the whole repository: which package
// may import which, how files depend on each other, what the documentation states about the
// code. It has no code, and nothing imports it.
package repository
