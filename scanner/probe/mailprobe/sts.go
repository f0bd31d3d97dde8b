package mailprobe

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/webprobe"
)

// Limits of RFC 8461 section 3.2 and of our own on a policy.
const (
	stsPolicySize = 64 << 10
	stsMaxAge     = 31557600 // seconds
	stsPatterns   = 100
	stsLines      = 1000
)

// mtaSTS reads the MTA-STS record and, where there is one, the policy.
func (s *scan) mtaSTS(ctx context.Context) scanner.MTASTS {
	texts, failure := s.txt(ctx, "_mta-sts."+s.domain)
	if failure != nil {
		return scanner.MTASTS{Failure: failure}
	}
	records := versioned(texts, "STSv1")
	out := scanner.MTASTS{Records: kept(records)}
	if len(records) == 0 {
		return out
	}
	if len(records) > 1 {
		out.PolicyError = faultf("there are %d records; senders ignore them all", len(records))
		return out
	}
	out.PolicyError = stsRecordFault(records[0])
	out.URL = "https://mta-sts." + s.domain + "/.well-known/mta-sts.txt"
	response, err := webprobe.Get(ctx, s.net, out.URL, stsPolicySize)
	switch {
	case err != nil:
		out.PolicyFailure = scanner.FailureOf(err)
	case response.Status >= 300 && response.Status < 400:
		first(&out.PolicyError, faultf("HTTP status %d: redirects are not followed", response.Status))
	case response.Status != http.StatusOK:
		first(&out.PolicyError, faultf("HTTP status %d", response.Status))
	default:
		parsePolicy(string(response.Body), &out)
	}
	return out
}

// versioned picks the TXT records that begin with "v=" and the version.
func versioned(texts []string, version string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(t string) bool {
		head, _, _ := strings.Cut(t, ";")
		return strings.TrimRight(head, " \t") != "v="+version
	})
}

// stsRecordFault is what is wrong with the record (RFC 8461 section 3.1).
func stsRecordFault(record string) string {
	tags, fault := parseTags(record)
	id, ok := valueOf(tags, "id")
	switch {
	case !ok:
		return "the record has no id"
	case id == "" || len(id) > 32 || strings.ContainsFunc(id, func(r rune) bool { return r > 0x7f || (!isAlpha(byte(r)) && !isDigit(byte(r))) }):
		return faultf("id=%q is not 1 to 32 letters and digits", id)
	}
	return fault
}

// parsePolicy reads a policy document (RFC 8461 section 3.2) into out. Unknown
// keys are ignored, and of a key that may appear once the first counts.
func parsePolicy(body string, out *scanner.MTASTS) {
	seen := map[string]bool{}
	n := 0
	for line := range strings.SplitSeq(body, "\n") {
		if line = strings.Trim(line, " \t\r"); line == "" {
			continue
		}
		if n++; n > stsLines {
			first(&out.PolicyError, faultf("the policy has more than %d lines", stsLines))
			break
		}
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")
		if !ok {
			first(&out.PolicyError, faultf("the line %q has no \":\"", line))
			continue
		}
		if seen[key] && key != "mx" {
			continue
		}
		seen[key] = true
		switch key {
		case "version":
			if value != "STSv1" {
				first(&out.PolicyError, faultf("version %q is not STSv1", value))
			}
		case "mode":
			if !oneOf(value, "enforce", "testing", "none") {
				first(&out.PolicyError, faultf("unknown mode %q", value))
				continue
			}
			out.Mode = value
		case "max_age":
			age, err := strconv.ParseInt(value, 10, 64)
			if err != nil || !isDigits(value) || age > stsMaxAge {
				first(&out.PolicyError, faultf("max_age %q is not a number from 0 to %d", value, stsMaxAge))
				continue
			}
			out.MaxAge = age
		case "mx":
			pattern := strings.ToLower(strings.TrimSuffix(value, "."))
			if !isHostName(strings.TrimPrefix(pattern, "*.")) || strings.Contains(strings.TrimPrefix(pattern, "*."), "*") {
				first(&out.PolicyError, faultf("mx %q is no pattern for host names", value))
				continue
			}
			if len(out.MX) < stsPatterns {
				out.MX = append(out.MX, scanner.Printable(pattern, maxFault))
			}
		}
	}
	for _, key := range []string{"version", "mode", "max_age"} {
		if !seen[key] {
			first(&out.PolicyError, "the policy has no "+key)
		}
	}
	if len(out.MX) == 0 && out.Mode != "none" {
		first(&out.PolicyError, "the policy names no mx")
	}
}

// unmatched are the mail servers that a policy in use does not cover (RFC 8461
// section 4.1).
func unmatched(policy scanner.MTASTS, servers []scanner.MXHost) []string {
	if policy.Mode == "" || policy.Mode == "none" {
		return nil
	}
	var out []string
	for _, mx := range servers {
		if !slices.ContainsFunc(policy.MX, func(p string) bool { return covers(p, mx.Name) }) {
			out = append(out, mx.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// covers: "*." stands for exactly one label.
func covers(pattern, name string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
		label, rest, found := strings.Cut(name, ".")
		return found && label != "" && rest == suffix
	}
	return pattern == name
}

// tlsRPT reads the record of RFC 8460.
func (s *scan) tlsRPT(ctx context.Context) scanner.TLSRPT {
	texts, failure := s.txt(ctx, "_smtp._tls."+s.domain)
	if failure != nil {
		return scanner.TLSRPT{Failure: failure}
	}
	return tlsRPTFacts(versioned(texts, "TLSRPTv1"))
}

func tlsRPTFacts(records []string) scanner.TLSRPT {
	out := scanner.TLSRPT{Records: kept(records)}
	switch len(records) {
	case 0:
		return out
	case 1:
	default:
		out.Error = faultf("there are %d records; senders ignore them all", len(records))
		return out
	}
	tags, fault := parseTags(records[0])
	out.Error = fault
	rua, ok := valueOf(tags, "rua")
	if !ok {
		first(&out.Error, "the record has no rua")
		return out
	}
	for text := range strings.SplitSeq(rua, ",") {
		uri := trimSpace(text)
		scheme, _, _ := strings.Cut(uri, ":")
		if !isReportURI(uri) || !oneOf(strings.ToLower(scheme), "mailto", "https") {
			first(&out.Error, faultf("%q is no report address (mailto: or https:)", uri))
			continue
		}
		if len(out.RUA) < maxURIs {
			out.RUA = append(out.RUA, scanner.Printable(uri, maxText))
		}
	}
	return out
}
