package hub

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

func inventoryTypes() []string {
	return []string{
		"application/json", "text/csv", "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml",
		"application/spdx+json", "text/spdx",
	}
}

func (a *Asset) clean() error {
	switch a.Kind {
	case AssetDomain:
		domain, err := cleanDomain(a.Value)
		if err != nil {
			return err
		}
		a.Value, a.MediaType, a.Document, a.Size = domain, "", nil, 0
		a.Name = cmp.Or(a.Name, a.Value)
	case AssetInventory:
		if err := cleanInventory(a.MediaType, a.Document); err != nil {
			return err
		}
		a.Value, a.Size = "", len(a.Document)
	default:
		return fail(Invalid, "no kind of asset %q; there are: %s, %s", cut(string(a.Kind), 100), AssetDomain, AssetInventory)
	}
	return cleanName("the asset's name", &a.Name)
}

// cleanDomain returns a domain as DNS has it.
func cleanDomain(text string) (string, error) {
	wrong := fail(Invalid, "%q is no domain such as example.org", cut(text, 100))
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if len(text) > 1000 {
		return "", wrong
	}
	domain, err := idna.Lookup.ToASCII(text)
	if err != nil || len(domain) > 253 || !strings.Contains(domain, ".") {
		return "", wrong
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", wrong
	}
	return domain, nil
}

func cleanInventory(mediaType string, document []byte) error {
	switch {
	case !slices.Contains(inventoryTypes(), mediaType):
		return fail(Invalid, "no media type %q for an inventory; there are: %s", cut(mediaType, 100), strings.Join(inventoryTypes(), ", "))
	case len(document) == 0:
		return fail(Invalid, "the inventory is empty")
	case len(document) > MaxInventory:
		return fail(TooLarge, "the inventory has %d bytes; at most %d are allowed", len(document), MaxInventory)
	case strings.HasSuffix(mediaType, "json") && !json.Valid(document):
		return fail(Invalid, "the inventory is not the JSON that its media type says")
	case !utf8.Valid(document):
		return fail(Invalid, "the inventory is not UTF-8")
	}
	return nil
}
