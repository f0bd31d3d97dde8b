// Package advisories is where a CERT writes what others are warned of: one
// record in three languages, approved by a second person and published in every
// form that people and programs read. It holds the nouns (Advisory, what an
// analyst writes; Publication, what a reader gets), the workflow and its store,
// and who is concerned by what.
//
// What a publication is turned into, or made of, are packages below this one:
// csaf, provider, formats, stixout, osv, sources and match. This package imports
// none of them; internal/app passes them in.
//
// internal/app, hub/api, hub/portal and the packages below import it.
package advisories
