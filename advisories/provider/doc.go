// Package provider makes a CSAF trusted provider of what was published (CSAF
// 2.0, 7.1 and 7.2.3): provider-metadata.json, security.txt, documents in a
// folder per TLP label and year with their hashes and signatures, index.txt,
// changes.csv, directory listings, and a ROLIE feed with a category document per
// label. A Provider serves them (ServeHTTP) and writes them as files (Write),
// both from what its Source has; Key signs documents when they are published.
//
// Who may read is hub/tlp's answer alone. TLP:CLEAR is open to everybody. All
// else is below other paths, and a caller finds there, in every list, what they
// may read; what is hidden from them looks like what is absent.
//
// CSAF 2.0 knows the labels of TLP 1: CLEAR is white here, and AMBER+STRICT is
// among amber, with its own audience. A document is provided in its last
// revision, under the name that its tracking id makes.
//
// internal/app imports it.
package provider
