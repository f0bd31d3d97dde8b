package match

import (
	"strings"
	"testing"
)

// What is in a document and could not be read is counted: nobody is to think that it
// is gone.
func TestInventorySaysWhatIsLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		left int
	}{
		"a whole table":         {"name,version\nnginx,1.20.1\n", 0},
		"no CPE name, not used": {"name,version,cpe\nnginx,1.20.1,x\n", 0},
		"too many values":       {"name,version\nnginx,1.20.1,f5\ncurl,8\n", 1},
		"a long name":           {"name,version\n" + strings.Repeat("x", maxField+1) + ",1\ncurl,8\n", 1},
		"no name":               {"name,version\n,1\ncurl,8\n", 1},
		"no component":          {`[{"name": "curl"}, {"name": 7}, 8]`, 2},
	} {
		inv, err := ReadInventory([]byte(c.text), "")
		if err != nil || inv.Left != c.left {
			t.Errorf("%s: %d left out, want %d; %v", name, inv.Left, c.left, err)
		}
	}
}
