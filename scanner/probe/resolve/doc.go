// Package resolve is the scanner's own DNS resolver. It either walks the
// delegation from the root's servers or asks resolvers it is given, and it
// validates DNSSEC itself from a trust anchor. It implements scanner.Resolver
// and gives the DNS probe what a stub resolver hides: a zone's delegation as
// its parent sees it, direct talk with one server, and the chain of trust.
//
// Whatever a server answers, a look-up ends: the queries of one look-up, the
// length of alias chains, the depth of delegations, the size of answers and of
// the cache are all bounded.
//
// scanner/probe/..., scanner/practice and internal/app may import it.
package resolve
