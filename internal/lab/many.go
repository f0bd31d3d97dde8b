//go:build unix

package lab

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// statusAddr is where nginx counts its connections, for benchmarks.
const (
	statusAddr   = "127.80.255.1:8080"
	statusServer = "server { listen " + statusAddr + "; location / { stub_status; } }"
)

// Many starts a lab of n good sites, s1.test to sn.test, besides the good one.
// It returns the root's DS records and the domains.
func Many(ctx context.Context, dir string, n int) (l *Lab, anchors, domains []string, err error) {
	sites := []Site{{Domain: Good}}
	for i := range n {
		domains = append(domains, fmt.Sprintf("s%d.test", i+1))
		sites = append(sites, Site{Domain: domains[i]})
	}
	l, anchors, err = Start(ctx, dir, sites)
	return l, anchors, domains, err
}

// WebAddrOf is the web address of the i-th domain of Many.
func WebAddrOf(i int) string { return place(Site{}, i+1).Web }

// Accepts is how many connections nginx has accepted since it started; 0 when
// it does not say.
func (l *Lab) Accepts() int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+statusAddr+"/", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	var active, accepts int
	// "Active connections: 1\nserver accepts handled requests\n 16 16 18\n..."
	if _, err := fmt.Fscanf(resp.Body, "Active connections: %d \nserver accepts handled requests\n %d", &active, &accepts); err != nil {
		return 0
	}
	return accepts
}
