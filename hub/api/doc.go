// Package api serves /api/v1, by which people's programs, the commands and the
// portal use the hub, and describes it in OpenAPI. A handler reads what was
// sent, calls one method of the service and writes what came of it: who may do
// what is decided there.
//
// The types are internal/apiclient's. Only internal/app imports this package.
package api
