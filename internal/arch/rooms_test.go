package arch

import "strings"

// room says what the packages below a path may import from this module. The
// first room whose pattern matches a package is the package's room.
type room struct {
	path string   // a pattern: "scanner" is one package, "scanner/..." its tree
	may  []string // patterns; the package's own tree is always allowed
}

// leaves are small packages that all rooms may use. They import only leaves.
var leaves = []string{"rules/...", "hub/stix/...", "hub/tlp/...", "internal/..."}

// nouns are what the edges (API and portal) may use of every room.
var nouns = []string{"scanner", "scanner/report", "scanner/practice", "advisories", "feeds", "hub"}

// rooms is "who may import whom" of the architecture, from the most particular
// pattern to the least.
var rooms = []room{
	{path: "internal/app/...", may: []string{"scanner/...", "advisories/...", "feeds/...", "hub/..."}},
	{path: "internal/lab/...", may: []string{"internal/app/...", "scanner/...", "advisories/...", "feeds/...", "hub/..."}},
	{path: "internal/..."},
	{path: "rules/..."},

	{path: "scanner/probe/...", may: []string{"scanner"}},
	{path: "scanner/checks/...", may: []string{"scanner"}},
	{path: "scanner/mdn/...", may: []string{"scanner"}},
	{path: "scanner/practice/...", may: []string{"scanner"}},
	{path: "scanner/report/...", may: []string{"scanner"}},
	{path: "scanner/history/...", may: []string{"scanner"}},
	{path: "scanner"},

	{path: "advisories/...", may: []string{"advisories/..."}},
	{path: "feeds/...", may: []string{"feeds/..."}},

	{path: "hub/stix/..."},
	{path: "hub/tlp/..."},
	{path: "hub/api/...", may: nouns},
	{path: "hub/portal/...", may: nouns},
	{path: "hub/taxii/client/..."}, // a leaf, for what is given it by internal/app
	{path: "hub/taxii/...", may: []string{"hub"}},
	{path: "hub"},

	{path: "cmd/infohub-nuclei"},
	{path: "cmd/infohub", may: []string{"internal/app", "scanner/...", "advisories", "feeds", "hub"}},
}

// guarded packages, of this module or any other, have fewer importers than a
// room's line would allow.
type guarded struct {
	path string   // pattern of the imported package
	by   []string // patterns of the packages that may import it
	test bool     // whether every test may import it as well
	why  string
}

var guards = []guarded{
	{path: "internal/app/...", by: []string{"cmd/infohub"}, test: true, why: "only commands and tests use the full wiring"},
	{path: "internal/lab/...", test: true, why: "real servers are for tests"},
	{path: "internal/store/bolt/...", by: []string{"internal/app"}, test: true, why: "only internal/app opens a store"},
	{path: "internal/store/postgres/...", by: []string{"internal/app"}, test: true, why: "only internal/app opens a store"},
	{path: "internal/store/storetest/...", test: true, why: "the suite and its chaos are for tests"},
	{path: "hub/api/...", by: []string{"internal/app"}, why: "the API is an edge"},
	{path: "hub/portal/...", by: []string{"internal/app"}, why: "the portal is an edge"},
	{path: "cmd/...", why: "a command is nobody's library"},

	{path: "github.com/projectdiscovery/...", by: []string{"cmd/infohub-nuclei"}, why: "it costs every start 0.4 s and 130 MB"},
	{path: "github.com/spf13/cobra/...", by: []string{"cmd/..."}, why: "flags end in the commands"},
	{path: "github.com/spf13/pflag/...", by: []string{"cmd/..."}, why: "flags end in the commands"},
	// The hub's figures stand beside those of bbolt alone.
	{path: "go.etcd.io/bbolt/...", by: []string{"internal/store/bolt", "internal/lab/hublab"}, why: "rooms see the store's contract"},
	{path: "net/http/pprof", why: "importing it publishes the process on the default mux"},
}

// heavy must not be linked into infohub: each of them makes every start of the
// program slower or larger, or belongs to tests.
var heavy = []string{
	"github.com/projectdiscovery/...",
	"github.com/alecthomas/chroma/...",
	"github.com/bytedance/sonic/...",
	"github.com/cloudwego/...",
	"github.com/gin-gonic/gin/...",
	"github.com/go-rod/rod/...",
	"github.com/charmbracelet/...",
	"google.golang.org/grpc/...",
	"k8s.io/...",
	"golang.org/x/tools/...",
	"net/http/pprof",
	"testing/...",
	"go/types",
}

// matches reports whether a package path fits a pattern; "a/..." also fits "a".
func matches(pattern, path string) bool {
	tree, ok := strings.CutSuffix(pattern, "/...")
	return path == tree || ok && strings.HasPrefix(path, tree+"/")
}

func matchesAny(patterns []string, path string) bool {
	for _, pattern := range patterns {
		if matches(pattern, path) {
			return true
		}
	}
	return false
}
