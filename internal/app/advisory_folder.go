package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// AdvisoryFile is a file that may hold an advisory.
type AdvisoryFile struct {
	Path string
	// Found is set for what a folder held: it may as well be something else.
	Found bool
}

// maxLocalFiles bounds the files of folders.
const maxLocalFiles = 200_000

// AdvisoryFiles lists paths, and in the place of folders the .json files that are
// in them, in their order. "-" stays. The error is that of a path that is not there.
func AdvisoryFiles(paths []string) ([]AdvisoryFile, error) { return advisoryFiles(paths, ".json") }

func advisoryFiles(paths []string, endings ...string) ([]AdvisoryFile, error) {
	var out []AdvisoryFile
	for _, path := range paths {
		if path == "-" {
			out = append(out, AdvisoryFile{Path: path})
			continue
		}
		err := filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			if file != path && !hasEnding(file, endings) {
				return nil
			}
			if len(out) == maxLocalFiles {
				return fmt.Errorf("%s: more than %d files: give its folders one by one", path, maxLocalFiles)
			}
			out = append(out, AdvisoryFile{file, file != path})
			return nil
		})
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%s: %w", e.Path, e.Err)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func hasEnding(file string, endings []string) bool {
	for _, e := range endings {
		if strings.EqualFold(filepath.Ext(file), e) {
			return true
		}
	}
	return false
}

// IsAdvisory tells whether a document is one that a hub imports: CSAF or OSV. The
// folder of a CSAF provider has others: metadata, feeds, lists.
func IsAdvisory(document []byte) bool { return isCSAF(document) || looksLikeOSV(document) }

// isOurs tells a record of ours as JSON from anything else that is JSON.
func isOurs(document []byte) bool {
	var o map[string]json.RawMessage
	if json.Unmarshal(document, &o) != nil {
		return true // YAML, or nothing: reading it tells
	}
	return o["tlp"] != nil || o["class"] != nil || o["risk"] != nil
}

// isCSAF tells by the member that every CSAF document has.
func isCSAF(data []byte) bool {
	if data = bytes.TrimLeft(data, " \t\r\n\ufeff"); len(data) == 0 || data[0] != '{' {
		return false
	}
	var o struct {
		Document *struct {
			Version string `json:"csaf_version"`
		} `json:"document"`
	}
	return json.Unmarshal(data, &o) == nil && o.Document != nil
}
