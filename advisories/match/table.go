package match

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// maxColumns bounds a table.
const maxColumns = 200

// columnOf is which member of a component a column's header means, "" for none.
// Case, spaces and marks do not count.
func columnOf(header string) string {
	switch strings.Join(wordsOf(header), "") {
	case "name", "product", "productname", "software", "softwarename", "component", "componentname", "package", "packagename", "application", "applicationname", "app", "title", "displayname",
		"名稱", "名称", "產品", "产品", "產品名稱", "产品名称", "軟件", "软件", "軟體", "軟件名稱", "软件名称", "軟體名稱", "組件", "组件", "組件名稱", "组件名称", "元件":
		return "name"
	case "version", "ver", "versions", "productversion", "softwareversion", "componentversion", "packageversion", "installedversion", "displayversion", "versioninfo",
		"版本", "版本號", "版本号", "產品版本", "产品版本", "軟件版本", "软件版本":
		return "version"
	case "vendor", "vendorname", "publisher", "manufacturer", "maker", "supplier", "company", "供應商", "供应商", "廠商", "厂商", "開發商", "开发商", "發行者", "发布者", "發佈者", "製造商", "制造商":
		return "vendor"
	case "cpe", "cpe23", "cpe22", "cpename", "cpeuri":
		return "cpe"
	case "purl", "packageurl":
		return "purl"
	case "distribution", "distro", "os", "operatingsystem", "發行版", "发行版", "作業系統", "操作系統", "操作系统":
		return "distribution"
	}
	return ""
}

// readCSV reads a table (RFC 4180) whose first row names the columns. Values are
// parted by commas, semicolons or tabs, whichever the header has.
func readCSV(data []byte) (Inventory, error) {
	skipped := 0
	for { // empty lines before the header, and Excel's "sep=;"
		line, rest, more := bytes.Cut(data, []byte("\n"))
		if !more || len(bytes.TrimSpace(line)) > 0 && !bytes.HasPrefix(line, []byte("sep=")) {
			break
		}
		data = rest
		skipped++
	}
	k := collect("CSV")
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = separator(data)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return Inventory{}, csvError(err, skipped)
	}
	columns, ok := columnsOf(header)
	if !ok {
		return Inventory{}, &ReadError{Format: "CSV", Line: skipped + 1, Reason: "the first row has no column name, cpe or purl: it names the columns, such as name,version,vendor,cpe,purl"}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return k.done()
		}
		if err != nil {
			return Inventory{}, csvError(err, skipped)
		}
		line, _ := r.FieldPos(0)
		if err := k.row(row, columns, fmt.Sprintf("line %d", skipped+line)); err != nil {
			return Inventory{}, err
		}
	}
}

func (k *collector) row(row, columns []string, where string) error {
	values := map[string]string{}
	empty := true
	for i, value := range row {
		empty = empty && strings.TrimSpace(value) == ""
		if i >= len(columns) {
			if strings.TrimSpace(value) != "" {
				k.inv.Left++
				k.warn(where, "it has %d values, and the header %d: left out; put values that have the separator in them into quotes", len(row), len(columns))
				return nil
			}
			continue
		}
		if columns[i] != "" && values[columns[i]] == "" {
			values[columns[i]] = value
		}
	}
	if empty {
		return nil
	}
	return k.add(advisories.Component{
		Name: values["name"], Vendor: values["vendor"], Version: values["version"],
		CPE: values["cpe"], PURL: values["purl"], Distribution: values["distribution"],
	}, where)
}

func columnsOf(header []string) (columns []string, ok bool) {
	if len(header) > maxColumns {
		return nil, false
	}
	for _, h := range header {
		c := columnOf(h)
		ok = ok || c == "name" || c == "cpe" || c == "purl"
		columns = append(columns, c)
	}
	return columns, ok
}

// separator is the one of comma, semicolon and tab that the header has most of.
func separator(data []byte) rune {
	header, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', 0
	for _, r := range []rune{',', ';', '\t'} {
		if n := bytes.Count(header, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

func csvError(err error, skipped int) error {
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		return &ReadError{Format: "CSV", Line: skipped + bad.StartLine, Reason: bad.Err.Error() + `: a value with " in it stands in quotes, with "" for each`}
	case errors.Is(err, io.EOF):
		return &ReadError{Format: "CSV", Reason: "it is empty"}
	}
	return &ReadError{Format: "CSV", Reason: err.Error()}
}
