package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

// What the commands say of the TAXII client.
type (
	TAXIIClient     = client.Client
	TAXIICollection = client.Collection
	TAXIIDiscovery  = client.Discovery
	TAXIIDownload   = client.Download
	TAXIIFilter     = client.Filter
	TAXIIFormat     = client.Format
	TAXIIPush       = client.Push
	TAXIIPushSums   = client.PushSums
	TAXIIRoot       = client.APIRoot
	TAXIIStatusItem = client.StatusItem
)

// The formats of a TAXIIDownload, and bounds and defaults for help texts.
const (
	TAXIIBundle          = client.Bundle
	TAXIILines           = client.Lines
	TAXIIDefaultLimit    = client.DefaultLimit
	TAXIIDefaultBatch    = client.DefaultBatch
	TAXIIDefaultTimeout  = client.DefaultTimeout
	TAXIIDefaultPatience = client.DefaultPatience
)

// ParseTAXIIURL reads the address of a server or an API root.
func ParseTAXIIURL(text string) (*url.URL, error) { return client.ParseURL(text) }

// ParseTAXIICollection reads the address of a collection, and tells that of its API
// root.
func ParseTAXIICollection(text string) (collection, root *url.URL, err error) {
	return client.ParseCollection(text)
}

// ReadSTIXFiles reads the STIX objects of files, "-" being in.
func ReadSTIXFiles(paths []string, in io.Reader) iter.Seq2[json.RawMessage, error] {
	return client.ReadFiles(paths, in)
}

// ReadSTIXObjects reads the STIX objects of an input.
func ReadSTIXObjects(r io.Reader) iter.Seq2[json.RawMessage, error] { return client.ReadObjects(r) }

// TAXIIOptions are how a TAXII server is reached.
type TAXIIOptions struct {
	Key       string // an API key or NAME:PASSWORD; "" asks without
	KeyFrom   string // where it was found, for messages
	Roots     *x509.CertPool
	Insecure  bool // plain http may leave this machine
	Timeout   time.Duration
	UserAgent string
	Retrying  func(err error, after time.Duration)
}

// NewTAXIIClient is a client of the server that an address belongs to.
func NewTAXIIClient(server *url.URL, o TAXIIOptions) (*TAXIIClient, error) {
	options := client.Options{
		Transport: client.NewTransport(o.Roots), UserAgent: o.UserAgent,
		InsecureHTTP: o.Insecure, Timeout: o.Timeout, Retrying: o.Retrying,
	}
	if o.KeyFrom != "" {
		credentials, err := client.ParseCredentials(o.Key, o.KeyFrom)
		if err != nil {
			return nil, err
		}
		options.Credentials = credentials
	}
	return client.New(server, options)
}

// TAXIITrouble is what kind of error the TAXII client met, so that a command can
// say what to do about it.
type TAXIITrouble int

// The kinds.
const (
	TAXIIOther       TAXIITrouble = iota // the work is not complete
	TAXIIMisused                         // an option, an address or an input is wrong
	TAXIIPlainHTTP                       // keys and objects would leave unencrypted
	TAXIINoKey                           // the server wants a key, and none was given
	TAXIIBadKey                          // it does not accept the key
	TAXIIForbidden                       // the key has no right to this
	TAXIINotFound                        // there is no such thing, or not for this key
	TAXIIUnreachable                     // nobody answered
	TAXIIUntrusted                       // its certificate is not trusted
	TAXIINoServer                        // it answers, and not as TAXII 2.1
	TAXIIPending                         // it has not decided yet
)

// TroubleOfTAXII tells the kind of an error.
func TroubleOfTAXII(err error) TAXIITrouble {
	var status *client.StatusError
	var protocol *client.ProtocolError
	var network *net.OpError
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		return troubleOfStatus(status)
	case errors.Is(err, client.ErrPlainHTTP):
		return TAXIIPlainHTTP
	case errors.Is(err, client.ErrCursor), errors.Is(err, client.ErrInput), errors.Is(err, client.ErrAddress),
		errors.Is(err, client.ErrID), errors.Is(err, client.ErrNotDiscovery), errors.Is(err, client.ErrBusy):
		return TAXIIMisused
	case errors.As(err, &cert):
		return TAXIIUntrusted
	case errors.As(err, &name), errors.As(err, &network) && network.Op == "dial":
		return TAXIIUnreachable
	case errors.As(err, &protocol):
		return TAXIINoServer
	case errors.Is(err, client.ErrPending):
		return TAXIIPending
	}
	return TAXIIOther
}

func troubleOfStatus(e *client.StatusError) TAXIITrouble {
	switch {
	case e.Code == http.StatusUnauthorized && e.Key == "":
		return TAXIINoKey
	case e.Code == http.StatusUnauthorized:
		return TAXIIBadKey
	case e.Code == http.StatusForbidden:
		return TAXIIForbidden
	case e.Code == http.StatusNotFound:
		return TAXIINotFound
	case e.Code == http.StatusBadRequest:
		return TAXIIMisused
	}
	return TAXIIOther
}

// TAXIIRoots are the API roots that an address leads to: those of a server's
// discovery, or the address itself where it is an API root.
func TAXIIRoots(ctx context.Context, c *TAXIIClient, u *url.URL) ([]string, error) {
	d, err := c.Discovery(ctx, u)
	if errors.Is(err, client.ErrNotDiscovery) {
		return []string{u.String()}, nil
	}
	return d.APIRoots, err
}
