// Package arch holds no program code: its tests read the source of the whole
// module and fail where it leaves the architecture, by who imports whom, by
// what the infohub program links, and by the house rules that a linter cannot
// say. The table of rooms is rooms_test.go; a new room is a new line there and
// a decision in docs/adr. Nobody imports this package.
package arch
