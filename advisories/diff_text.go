package advisories

import (
	"fmt"
	"slices"
	"strings"
)

// beside is how many equal lines are shown beside one that changed.
const beside = 2

// maxCompared bounds how many pairs of lines are compared in one text. Above it
// the whole text counts as changed.
const maxCompared = 4 << 20

// DiffText shows changes to people, for each one its path and, below it, what was
// ("- ") and what is ("+ "), line by line, with up to two equal lines beside them
// ("  "). Characters that are not seen are written as \u{202E}. It is "" where
// there are no changes.
func DiffText(changes []Change) string {
	var b strings.Builder
	for i, c := range changes {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n", visible(c.Path))
		for _, line := range unified(lines(c.Old), lines(c.New)) {
			fmt.Fprintf(&b, "%s\n", visible(line))
		}
	}
	return b.String()
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// visible escapes what a terminal would obey, and what turns the direction of
// writing.
func visible(s string) string {
	if !strings.ContainsFunc(s, hiddenRune) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hiddenRune(r) {
			fmt.Fprintf(&b, `\u{%04X}`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unified are the lines of both texts with their signs. Long stretches of equal
// lines are one line "  …".
func unified(old, new []string) []string {
	all := signed(old, new)
	near := make([]bool, len(all))
	for i, line := range all {
		if line[0] != ' ' {
			for k := max(0, i-beside); k <= min(len(all)-1, i+beside); k++ {
				near[k] = true
			}
		}
	}
	var shown []string
	for i, line := range all {
		switch {
		case near[i]:
			shown = append(shown, strings.TrimRight(line, " "))
		case i == 0 || near[i-1]:
			shown = append(shown, "  …")
		}
	}
	return shown
}

// signed finds the longest common subsequence of lines.
func signed(old, new []string) []string {
	if len(old)*len(new) > maxCompared {
		return slices.Concat(with("- ", old), with("+ ", new))
	}
	width := len(new) + 1
	common := make([]int32, (len(old)+1)*width) // length of what the rests have in common
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	var all []string
	i, j := 0, 0
	for i < len(old) && j < len(new) {
		switch {
		case old[i] == new[j]:
			all = append(all, "  "+old[i])
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			all = append(all, "- "+old[i])
			i++
		default:
			all = append(all, "+ "+new[j])
			j++
		}
	}
	return slices.Concat(all, with("- ", old[i:]), with("+ ", new[j:]))
}

func with(sign string, lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = sign + line
	}
	return all
}
