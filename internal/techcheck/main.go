// Command techcheck compares the catalogue of technologies with what others
// publish, for whoever brings it up to date (docs/technology-catalogue.md). It
// reads copies that were fetched before, and changes nothing:
//
//	go run ./internal/techcheck -kev known_exploited_vulnerabilities.json -eol DIR
//
// The first is CISA's catalogue of known exploited vulnerabilities; DIR holds
// files of endoflife.date's API, each named after the technology: php.json is
// https://endoflife.date/api/php.json. It prints what differs, one line each,
// and ends with 1 if anything does. Nobody imports it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/rules/technologies"
)

// maxFile bounds what is read, in bytes; CISA's file has some 1.5 MiB.
const maxFile = 64 << 20

func main() {
	kev := flag.String("kev", "", "CISA's known_exploited_vulnerabilities.json")
	eol := flag.String("eol", "", "folder with files of endoflife.date's API, as php.json")
	file := flag.String("catalogue", "", "the catalogue to compare; the shipped one unless given")
	flag.Parse()
	different, err := run(*file, *kev, *eol, os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "techcheck:", err)
		os.Exit(2)
	case different:
		os.Exit(1)
	}
}

func run(file, kev, eol string, out io.Writer) (different bool, err error) {
	if kev == "" && eol == "" {
		return false, errors.New("give -kev, -eol or both")
	}
	catalogue, err := read(file)
	if err != nil {
		return false, err
	}
	table, err := technologies.Load()
	if err != nil {
		return false, err
	}
	var lines []string
	if kev != "" {
		data, err := readFile(kev)
		if err != nil {
			return false, err
		}
		found, err := compareKEV(catalogue, table, data)
		if err != nil {
			return false, fmt.Errorf("%s: %w", kev, err)
		}
		lines = append(lines, found...)
	}
	if eol != "" {
		found, err := compareEOL(catalogue, table, eol)
		if err != nil {
			return false, fmt.Errorf("%s: %w", eol, err)
		}
		lines = append(lines, found...)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return false, err
		}
	}
	return len(lines) > 0, nil
}

func read(file string) (*technologies.Catalogue, error) {
	if file == "" {
		return technologies.Shipped()
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	c, err := technologies.ReadCatalogue(f)
	return c, errors.Join(err, f.Close())
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	return data, errors.Join(err, f.Close())
}

// compareKEV names the holes of the catalogue that CISA does not list, and
// those that CISA lists for a product of the table and the catalogue lacks:
// they want the versions that have them, which CISA's file does not tell.
func compareKEV(c *technologies.Catalogue, table []technologies.Technology, data []byte) ([]string, error) {
	var doc struct {
		Vulnerabilities []struct{ CVEID, VendorProject, Product, VulnerabilityName string }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Vulnerabilities) == 0 {
		return nil, errors.New("it lists no vulnerabilities")
	}
	listed, ours := map[string]bool{}, map[string]bool{}
	for _, v := range doc.Vulnerabilities {
		listed[v.CVEID] = true
	}
	var lines []string
	for _, t := range table {
		_, exploited := c.Of(t.ID)
		for _, x := range exploited {
			ours[x.CVE] = true
			if !listed[x.CVE] {
				lines = append(lines, fmt.Sprintf("%s: %s is not in CISA's catalogue", t.ID, x.CVE))
			}
		}
	}
	for _, v := range doc.Vulnerabilities {
		for _, t := range table {
			if !ours[v.CVEID] && t.CPEName != "" && strings.EqualFold(v.Product, t.Name) {
				lines = append(lines, fmt.Sprintf("%s: %s is missing: %s", t.ID, v.CVEID, v.VulnerabilityName))
			}
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// compareEOL names the cycles whose end is another, or that the catalogue lacks
// though they have ended.
func compareEOL(c *technologies.Catalogue, table []technologies.Technology, dir string) ([]string, error) {
	var lines []string
	for _, t := range table {
		data, err := readFile(filepath.Join(dir, t.ID+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var published []struct {
			Cycle string
			EOL   any // a day, or whether it has ended
		}
		if err := json.Unmarshal(data, &published); err != nil {
			return nil, fmt.Errorf("%s.json: %w", t.ID, err)
		}
		for _, p := range published {
			day, ok := p.EOL.(string)
			if !ok {
				continue
			}
			cycle, known := c.Lifetime(t.ID, p.Cycle)
			switch {
			case !known && day <= c.Date.Format(time.DateOnly):
				lines = append(lines, fmt.Sprintf("%s: cycle %s, which ended on %s, is missing", t.ID, p.Cycle, day))
			case known && cycle.Cycle == p.Cycle && cycle.Ends.Format(time.DateOnly) != day:
				lines = append(lines, fmt.Sprintf("%s: cycle %s ends on %s, not on %s", t.ID, p.Cycle, day, cycle.Ends.Format(time.DateOnly)))
			}
		}
	}
	slices.Sort(lines)
	return lines, nil
}
