// Package apiclient is a client of the hub's API, /api/v1, and the types that
// the API takes and gives. The server reads and writes these same types, and its
// OpenAPI description is made from them.
//
// It is a leaf: any room may import it, and commands that need a hub use it.
package apiclient
