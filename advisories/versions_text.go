package advisories

import "strings"

// String is the range as ParseRange reads it.
func (r Range) String() string {
	// What VERS writes with "%" and two digits, "%" first.
	quote := strings.NewReplacer("%", "%25", " ", "%20", "\t", "%09", "<", "%3C", ">", "%3E", "=", "%3D", "!", "%21", "*", "%2A", "|", "%7C", ",", "%2C", "/", "%2F")
	parts := make([]string, len(r.Constraints))
	for i, c := range r.Constraints {
		parts[i] = strings.TrimPrefix(c.Op, "=") + quote.Replace(c.Version)
	}
	return "vers:" + r.Scheme + "/" + strings.Join(parts, "|")
}
