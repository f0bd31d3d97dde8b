package taxii

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/cybersec-infohub/infohub/hub"
)

// maxToken bounds what is taken for a key; the hub's have fewer than 100 bytes.
const maxToken = 256

// Token returns the API key of a request, "" for a stranger's. Each client can
// send only one of these: Bearer, HTTP Basic with the key as the password and
// any name, or "Token", as the Python client of OASIS names it. The error is
// Unauthenticated.
func Token(r *http.Request) (string, error) {
	authorization := r.Header.Values("Authorization")
	if len(authorization) == 0 {
		return "", nil
	}
	var token string
	scheme, value, _ := strings.Cut(strings.TrimSpace(authorization[0]), " ")
	value = strings.TrimSpace(value)
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		token = value
	case "basic":
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "", errCredentials
		}
		_, token, _ = strings.Cut(string(decoded), ":")
	}
	if token == "" || len(token) > maxToken || len(authorization) > 1 {
		return "", errCredentials
	}
	return token, nil
}

var errCredentials = &hub.Error{Code: hub.Unauthenticated,
	Message: "the header Authorization holds no API key: send it as Bearer KEY, or as the password of HTTP Basic"}
