// Package hublab holds the hub's proofs and figures: `infohub serve` is started
// as a process and killed, starved of disk, flooded and measured, over HTTP on
// loopback. It has nothing but tests; nobody imports it.
package hublab
