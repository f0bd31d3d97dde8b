package practice

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// WriteConfig writes what "infohub scan --config" needs to see the shop as if
// it were on the internet into dir, and returns the configuration's path. The
// files say nothing that is secret.
func (s *Site) WriteConfig(dir string) (string, error) {
	path := func(name string) string { return filepath.Join(dir, name) }
	var connect []string
	for _, m := range s.ConnectTo {
		connect = append(connect, fmt.Sprintf("%s:%d:%s:%d", m.Host, m.Port, m.To, m.ToPort))
	}
	config, err := yaml.Marshal(map[string]any{
		"root-hints": path("root.hints"), "trust-anchor": path("root.ds"), "ca": path("ca.pem"),
		"allow-private": true, "connect-to": connect,
	})
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"root.hints":  fmt.Sprintf(". 3600 IN NS %[1]s.\n%[1]s. 3600 IN A %[2]s\n", s.RootName, s.Root),
		"root.ds":     s.Anchor + "\n",
		"ca.pem":      string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.CA.Raw})),
		"config.yaml": string(config),
	} {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return path("config.yaml"), nil
}
