package advisories

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// longText is how many characters a text in a language may have on the line of its
// key; longer ones get a block of their own. So it is for short lists.
const longText = 80

// WriteYAML writes an advisory as its file: keys in the order of Advisory,
// languages with English first, products by status in the order of Statuses, long
// texts as blocks, nothing that is empty but the keys that every advisory has. The
// same record gives the same bytes, and ReadYAML reads an equal record from them,
// where an empty text, list or map is as good as none and times are told in UTC.
//
// It fails for what a file cannot hold: text that is not UTF-8, numbers that are
// not finite, and years before 1000 or after 2999.
func WriteYAML(a Advisory) ([]byte, error) {
	root, err := yamlNode(reflect.ValueOf(a), "")
	if err != nil {
		return nil, fmt.Errorf("advisory as YAML: %w", err)
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("advisory as YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("advisory as YAML: %w", err)
	}
	return b.Bytes(), nil
}

func yamlNode(v reflect.Value, path string) (*yaml.Node, error) {
	if when, ok := v.Interface().(time.Time); ok {
		return dateNode(when, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return yamlNode(v.Elem(), path)
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range fieldsOf(v.Type()) {
			if value := v.Field(f.index); f.required || !isEmpty(value) {
				if err := addPair(n, f.name, value, join(path, f.name)); err != nil {
					return nil, err
				}
			}
		}
		return flow(n, len(n.Content) == 0), nil
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range orderedKeys(v) {
			if value := v.MapIndex(key); !isEmpty(value) {
				if err := addPair(n, key.String(), value, join(path, key.String())); err != nil {
					return nil, err
				}
				if value.Kind() == reflect.String && utf8.RuneCountInString(value.String()) > longText && isBlock(value.String()) {
					n.Content[len(n.Content)-1].Style = yaml.LiteralStyle
				}
			}
		}
		return flow(n, len(n.Content) == 0), nil
	case reflect.Slice:
		return listNode(v, path)
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}, nil
	case reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return nil, fmt.Errorf("%s is not a finite number", path)
		}
		text := strconv.FormatFloat(v.Float(), 'f', -1, 64)
		tag := "!!int"
		if strings.Contains(text, ".") || len(text) > 15 {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}, nil
	}
	return textNode(v.String(), path)
}

func addPair(n *yaml.Node, key string, v reflect.Value, path string) error {
	name, err := textNode(key, path)
	if err != nil {
		return err
	}
	value, err := yamlNode(v, path)
	if err != nil {
		return err
	}
	n.Content = append(n.Content, name, value)
	return nil
}

// listNode puts a list of a few short words on one line.
func listNode(v reflect.Value, path string) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	short, width := true, 0
	for i := range v.Len() {
		item, err := yamlNode(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, item)
		short = short && item.Kind == yaml.ScalarNode && item.Style != yaml.LiteralStyle
		width += len(item.Value) + 2
	}
	return flow(n, short && width <= longText), nil
}

func flow(n *yaml.Node, yes bool) *yaml.Node {
	if yes {
		n.Style = yaml.FlowStyle
	}
	return n
}

func dateNode(when time.Time, path string) (*yaml.Node, error) {
	when = when.UTC()
	if when.IsZero() {
		return nil, fmt.Errorf("%s has no date", path)
	}
	if year := when.Year(); year < 1000 || year > 2999 {
		return nil, fmt.Errorf("%s is in the year %d", path, year)
	}
	text := when.Format(time.RFC3339Nano)
	if day, whole := strings.CutSuffix(text, "T00:00:00Z"); whole {
		text = day
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: text}, nil
}

// oldYAML are texts that readers of YAML 1.1 take for truth values and numbers.
var oldYAML = regexp.MustCompile(`^(?i)(y|n|yes|no|on|off|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)$`)

func textNode(s, path string) (*yaml.Node, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%s is not UTF-8", path)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case s != "" && !isBlock(s) || oldYAML.MatchString(s):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		n.Style = yaml.LiteralStyle
	}
	return n, nil
}

// isBlock reports whether a block gives a text back as it is: characters that are
// seen, no space at the beginning and at the end of lines. An editor may strip the
// latter.
func isBlock(s string) bool {
	hidden := func(r rune) bool { return r != '\n' && r != ' ' && !unicode.IsGraphic(r) }
	if s == "" || strings.ContainsFunc(s, hidden) {
		return false
	}
	return s[0] != ' ' && s[0] != '\n' && s[len(s)-1] != ' ' && s[len(s)-1] != '\n' && !strings.Contains(s, " \n")
}

// orderedKeys are the keys of a map in the order of their vocabulary, others after
// them by the alphabet.
func orderedKeys(v reflect.Value) []reflect.Value {
	words := vocabulary("", v.Type().Key())
	place := func(key reflect.Value) int {
		if i := slices.Index(words, key.String()); i >= 0 {
			return i
		}
		return len(words)
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a.String(), b.String())
	})
	return keys
}
