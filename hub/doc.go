// Package hub is the sharing service: organisations, people and keys;
// collections and the objects in them; moderation, anonymous contributions,
// sightings, search and the change feed. It decides who may do what, and asks
// hub/tlp who may read what: the edges (hub/taxii, hub/api, hub/portal) decode,
// call one method of Service and render.
//
// Objects are kept as the bytes that were received. What the service needs of
// them stands beside them in an entry, written when the object came in.
//
// hub imports leaves only. Edges and internal/app import it.
package hub
