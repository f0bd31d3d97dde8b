package provider

import (
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Where things are. CSAF 2.0 fixes the well-known path (7.1.9); the service
// document is beside the metadata, a category document beside its feed.
const (
	metadataPath = "/.well-known/csaf/provider-metadata.json"
	servicePath  = "/.well-known/csaf/service.json"
	securityPath = "/.well-known/security.txt"
	legacyPath   = "/security.txt" // RFC 9116, 3
	rootPath     = "/csaf/"
	keysFolder   = "openpgp/"

	indexName   = "index.txt"
	changesName = "changes.csv"
)

// white is the folder of what everybody may read.
const white = "white"

// folders are the labels of CSAF 2.0 as folder names, from the widest on.
func folders() []string { return []string{white, "green", "amber", "red"} }

// folderOf returns the folder of a marking, "" for what is no label.
func folderOf(m tlp.Marking) string {
	switch m {
	case tlp.Clear:
		return white
	case tlp.Green:
		return "green"
	case tlp.Amber, tlp.AmberStrict:
		return "amber"
	case tlp.Red:
		return "red"
	}
	return ""
}

func feedName(folder string) string     { return "csaf-feed-tlp-" + folder + ".json" }
func categoryName(folder string) string { return "category-" + folder + ".json" }

// pathOf is the place of a document within its label's folder (CSAF 2.0, 5.1 and
// 7.1.11).
func pathOf(initial time.Time, trackingID string) string {
	return yearOf(initial) + "/" + csaf.FileName(trackingID)
}

func yearOf(t time.Time) string { return strconv.Itoa(t.UTC().Year()) }

// DocumentURL returns the address of a document, for its reference to itself.
// The base is that of Config; the marking is a label.
func DocumentURL(baseURL string, m tlp.Marking, initial time.Time, trackingID string) string {
	return strings.TrimSuffix(baseURL, "/") + rootPath + folderOf(m) + "/" + pathOf(initial, trackingID)
}
