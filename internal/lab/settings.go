//go:build unix

package lab

import (
	"fmt"
	"path/filepath"
	"strings"
)

// WriteSettings writes what the program needs to take the lab for the
// internet, and returns its configuration file: root hints, trust anchor,
// certificate authority and resolver, all in the lab's folder. sites.txt there
// lists the domains.
func (l *Lab) WriteSettings(anchors, domains []string) (config string, err error) {
	for name, text := range map[string]string{
		"root.hints": fmt.Sprintf(". 3600 IN NS a.root.test.\na.root.test. 3600 IN A %s\n", RootAddr),
		"root.ds":    strings.Join(anchors, "\n") + "\n",
		"ca.pem":     l.CA.PEM(),
		"sites.txt":  strings.Join(domains, "\n") + "\n",
	} {
		if _, err := l.write(name, text); err != nil {
			return "", err
		}
	}
	return l.write("config.yaml", fmt.Sprintf("root-hints: %[1]s/root.hints\ntrust-anchor: %[1]s/root.ds\nca: %[1]s/ca.pem\nallow-private: true\n", filepath.Clean(l.Dir)))
}
