package advisories

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// value puts a node into v. field is the name by which a vocabulary may be known.
func (r *yamlReader) value(n *yaml.Node, path, field string, v reflect.Value) {
	r.lines[path] = n.Line
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.problem("yaml.alias", path, n.Line, fmt.Sprintf("%s has an anchor (&) or an alias (*).", named(path)), "Write the value out, or put a text that begins with & or * in quotes.")
		return
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.problem("yaml.tag", path, n.Line, fmt.Sprintf("%s has a tag (%.40s).", named(path), n.Tag), "Take it out, or put a text that begins with ! in quotes.")
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		r.date(n, path, v)
	case v.Kind() == reflect.Struct:
		r.structure(n, path, v)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(n, path, field, v.Elem())
	case v.Kind() == reflect.Slice:
		r.list(n, path, field, v)
	case v.Kind() == reflect.Map:
		r.mapping(n, path, v)
	default:
		r.scalar(n, path, field, v)
	}
}

func (r *yamlReader) structure(n *yaml.Node, path string, v reflect.Value) {
	fields := fieldsOf(v.Type())
	if !r.kind(n, yaml.MappingNode, path) {
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	seen := map[string]int{}
	for key, value := range r.pairs(n, path, seen) {
		i := slices.Index(names, key.Value)
		if i < 0 {
			r.unknownKey(key, path, names)
			continue
		}
		r.value(value, join(path, key.Value), fields[i].full, v.Field(fields[i].index))
	}
	for _, f := range fields {
		if seen[f.name] == 0 && f.required {
			r.problem("yaml.key.missing", join(path, f.name), n.Line, fmt.Sprintf("%s lacks %q.", named(path), f.name), "Add it.")
		}
	}
}

// mapping reads Texts and the products by status: maps by words of a vocabulary.
func (r *yamlReader) mapping(n *yaml.Node, path string, v reflect.Value) {
	if !r.kind(n, yaml.MappingNode, path) {
		return
	}
	t := v.Type()
	words := vocabulary("", t.Key())
	all := reflect.MakeMap(t)
	for key, value := range r.pairs(n, path, map[string]int{}) {
		if !slices.Contains(words, key.Value) {
			r.unknownKey(key, path, words)
			continue
		}
		item := reflect.New(t.Elem()).Elem()
		r.value(value, join(path, key.Value), "", item)
		if !isEmpty(item) {
			all.SetMapIndex(reflect.ValueOf(key.Value).Convert(t.Key()), item)
		}
	}
	if all.Len() > 0 {
		v.Set(all)
	}
}

// pairs yields the keys of a mapping with their values, each key once, and notes
// their lines in seen.
func (r *yamlReader) pairs(n *yaml.Node, path string, seen map[string]int) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content) && !r.full(); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 {
				r.problem("yaml.type", path, key.Line, fmt.Sprintf("A key of %s is no plain word.", named(path)), "Write the name of a field.")
				continue
			}
			if first := seen[key.Value]; first > 0 {
				r.problem("yaml.key.duplicate", join(path, shortKey(key.Value)), key.Line, fmt.Sprintf("%q is there already, on line %d.", shortKey(key.Value), first), "Keep one of them.")
				continue
			}
			seen[key.Value] = key.Line
			if !yield(key, value) {
				return
			}
		}
	}
}

func (r *yamlReader) unknownKey(key *yaml.Node, path string, names []string) {
	remedy := "It may have " + strings.Join(names, ", ") + "."
	if near := nearestKey(key.Value, names); near != "" {
		remedy = fmt.Sprintf("Did you mean %q?", near)
	}
	r.problem("yaml.key.unknown", join(path, shortKey(key.Value)), key.Line, fmt.Sprintf("%s has no %q.", named(path), shortKey(key.Value)), remedy)
}

// nearestKey knows the tags of languages that people write for the two of Chinese.
func nearestKey(key string, names []string) string {
	other := map[string]string{
		"zh-hk": "zh-Hant", "zh-tw": "zh-Hant", "zh-mo": "zh-Hant", "tc": "zh-Hant", "zh-hant-hk": "zh-Hant",
		"zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "sc": "zh-Hans", "zh": "zh-Hans", "en-gb": "en", "en-us": "en", "eng": "en",
	}[strings.ToLower(strings.ReplaceAll(shortKey(key), "_", "-"))]
	if slices.Contains(names, other) {
		return other
	}
	return nearest(key, names)
}

func (r *yamlReader) list(n *yaml.Node, path, field string, v reflect.Value) {
	if !r.kind(n, yaml.SequenceNode, path) || len(n.Content) == 0 {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		if r.full() {
			return
		}
		r.value(item, fmt.Sprintf("%s[%d]", path, i), field, v.Index(i))
	}
}

// kind reports whether a node is of that kind, and says so where it is not.
func (r *yamlReader) kind(n *yaml.Node, want yaml.Kind, path string) bool {
	if n.Kind == want {
		return true
	}
	what, remedy := "a list", `Begin every item with "- ", or write [] around the items.`
	if want == yaml.MappingNode {
		what, remedy = "a group of keys", `Write its keys below it, indented, each with ":" and a value.`
	}
	r.wrong(n, path, what, remedy)
	return false
}

func (r *yamlReader) wrong(n *yaml.Node, path, want, remedy string) {
	is := shown(n)
	if is == "empty" && path != "" {
		remedy = "Fill it in, or take the key out."
	}
	r.problem("yaml.type", path, n.Line, fmt.Sprintf("%s is %s, and should be %s.", named(path), is, want), remedy)
}

func shown(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a group of keys"
	case n.Tag == "!!null":
		return "empty"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return fmt.Sprintf("the number %.40s", n.Value)
	case n.Tag == "!!bool":
		return fmt.Sprintf("the truth value %.40s", n.Value)
	}
	return fmt.Sprintf("the text %.40q", n.Value)
}

// isText reports whether YAML reads a node as text. A date that is not in quotes
// is text as well: it is in JSON and YAML 1.2.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp" || n.Tag == "!!merge")
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$`)

func (r *yamlReader) scalar(n *yaml.Node, path, field string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if !isText(n) {
			remedy := "Write a text."
			if n.Kind == yaml.ScalarNode {
				remedy = fmt.Sprintf("Put it in quotes: \"%.40s\".", n.Value)
			}
			r.wrong(n, path, "a text", remedy)
			return
		}
		text := n.Value
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			text = strings.TrimRight(text, "\n")
		}
		v.SetString(text)
		if words := vocabulary(field, v.Type()); words != nil && !slices.Contains(words, text) && !(text == "" && mayWait(field)) {
			r.problem("yaml.value", path, n.Line, fmt.Sprintf("%s is %.40q.", named(path), text), choose(text, words))
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			r.wrong(n, path, "true or false", `Write true or false, without quotes.`)
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Float64:
		number, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || err != nil || !jsonNumber.MatchString(n.Value) {
			r.wrong(n, path, "a number", "Write a decimal number such as 0.5, without quotes.")
			return
		}
		v.SetFloat(number)
	}
}

// choose is the remedy for a word that is none of a vocabulary's.
func choose(word string, words []string) string {
	if near := nearest(strings.ToLower(word), words); near != "" {
		return fmt.Sprintf("Did you mean %q? The words are %s.", near, strings.Join(words, ", "))
	}
	return "Write one of " + strings.Join(words, ", ") + "."
}

// dateForm is a day, or a time with its offset (RFC 3339) to the nanosecond.
var dateForm = regexp.MustCompile(`^[12]\d{3}-\d{2}-\d{2}(T\d{2}:\d{2}:[0-5]\d(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?$`)

func (r *yamlReader) date(n *yaml.Node, path string, v reflect.Value) {
	if isText(n) && dateForm.MatchString(n.Value) {
		text := n.Value
		if len(text) == len(time.DateOnly) {
			text += "T00:00:00Z"
		}
		var when time.Time
		if err := when.UnmarshalText([]byte(text)); err == nil {
			v.Set(reflect.ValueOf(when.UTC()))
			return
		}
	}
	if n.Kind == yaml.ScalarNode && isText(n) {
		r.problem("yaml.date", path, n.Line, fmt.Sprintf("%s is %.40q, which is no date.", named(path), n.Value), "Write 2026-11-23 for a day, or 2026-11-23T09:00:00+08:00 for a time with its offset from UTC.")
		return
	}
	r.wrong(n, path, "a date", "Write 2026-11-23, or 2026-11-23T09:00:00+08:00.")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// named is a path at the beginning of a message.
func named(path string) string {
	if path == "" {
		return "The advisory"
	}
	return path
}

// shortKey bounds what a message repeats of a key.
func shortKey(key string) string {
	if len(key) <= 60 {
		return key
	}
	return strings.ToValidUTF8(key[:60], "") + "…"
}
