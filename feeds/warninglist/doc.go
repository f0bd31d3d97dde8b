// Package warninglist reads the warninglists of the MISP project and tells which
// of them an observable stands on: values that are known to be harmless, such as
// addresses of public resolvers, and that an indicator should not name.
//
// The format is that of misp-warninglists (a list.json with name, version,
// description, type, matching_attributes and list) and the judgement that of MISP,
// on the normal forms of hub/stix. Where they differ, a list covers more: MISP
// compares a string list's TLD "COM" with "com" and sees two values, knows the host
// of a URL only without a port, and no host of a mail address.
//
// Nothing here trusts a list: size, entries, lengths and what a regular expression
// may cost are bounded, and what would cover every value is left out.
//
// It is a leaf of the room feeds: feeds and what wires it may import it; of this
// module it imports only hub/stix.
package warninglist
