package webprobe

import (
	"mime"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// securityText is what a security.txt file says, by RFC 9116.
type securityText struct {
	fields    int // lines with a field of the RFC or of its registry
	contact   []string
	expires   []string
	canonical []string
	signed    bool // wrapped in an OpenPGP cleartext signature (section 2.3), which is not verified
}

// parseSecurityText reads a file; anything but fields is ignored, as section
// 2.2 wants of comments and section 2.4 of unknown fields.
func parseSecurityText(text string) securityText {
	var s securityText
	text = strings.TrimPrefix(text, "\ufeff")
	begun := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch line {
		case "-----BEGIN PGP SIGNED MESSAGE-----":
			begun = true
			continue
		case "-----BEGIN PGP SIGNATURE-----":
			s.signed = begun
			return s // what stands below is not signed
		}
		if begun {
			line = strings.TrimPrefix(line, "- ") // dash-escaped (RFC 9580 section 7.2)
		}
		name, value, ok := strings.Cut(line, ":")
		value = scanner.Printable(strings.TrimSpace(value), 300)
		if !ok || value == "" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "contact":
			s.contact = appendMax(s.contact, value)
		case "expires":
			s.expires = appendMax(s.expires, value)
		case "canonical":
			s.canonical = appendMax(s.canonical, value)
		case "acknowledgments", "csaf", "encryption", "hiring", "policy", "preferred-languages":
		default:
			continue
		}
		s.fields++
	}
	return s
}

func appendMax(list []string, s string) []string {
	if len(list) >= 20 {
		return list
	}
	return append(list, s)
}

// isPlainText: the media type that section 3 asks for.
func isPlainText(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "text/plain"
}
