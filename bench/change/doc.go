// Package change measures how long a change of the configuration takes until it is in force, at 10,000 services and routes, and that
// requests meanwhile neither fail nor wait. It has benchmarks only; see ../README.md.
package change
