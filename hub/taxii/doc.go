// Package taxii is the TAXII 2.1 server of the hub (OASIS Standard, 10 June
// 2021): an edge that decodes a request, calls the hub's service and renders
// what it answers. Who may do and read what is the service's to say; nothing is
// filtered here.
//
// What the standard leaves open is decided so:
//
//   - Accept: */* and application/json are answered too, with the type of
//     TAXII 2.1. Only TAXII 2.1 is spoken and only STIX 2.1 stored.
//   - A submission is of TAXII's type or, as OpenCTI's connector sends it, of
//     STIX's (application/stix+json); any other is answered 415.
//   - A path without its last slash is answered like the one with it.
//   - A stranger sees the hub's community and what is public in it. Whatever else
//     they ask for is answered 401, whether it is there or not; a known caller
//     gets 404 for what they may not know of.
//   - A field of match that this hub does not know is 400, since an answer
//     without the filter would be larger than what was asked for. A known one that
//     an endpoint does not have (match[type] of one object) is not looked at; in
//     DELETE it is 400.
//   - next carries the filters, the limit and the date added of the last entry. It
//     holds nothing that its reader has not sent or seen, and is not signed.
//   - No ETag is sent: the same address has another answer for each reader.
//
// internal/app imports it.
package taxii
