package app

import (
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are a hub's figures for its operator. None has a label that names an
// organisation, a collection or an object.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]bool // routes that were answered with success
}

// maxRoutes is more than there are.
const maxRoutes = 200

func newMetrics(healthy func() error, file string) *metrics {
	m := &metrics{
		known:    map[string]bool{},
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "infohub_http_requests_total", Help: "Requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "infohub_http_request_seconds", Help: "How long requests took, until the last byte was written.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 30, 60},
		}, []string{"route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "infohub_http_refused_total", Help: "Requests refused before they were served, by reason: address, key, credentials, connections.",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.refused, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "infohub_store_writable", Help: "1 while the store takes writes, 0 since the disk failed."}, func() float64 {
			if healthy() != nil {
				return 0
			}
			return 1
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "infohub_store_bytes", Help: "Size of the store's file."}, func() float64 {
			info, err := os.Stat(file)
			if err != nil {
				return 0
			}
			return float64(info.Size())
		}))
	return m
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	route = m.label(route, status)
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// label is the route, or "other" until something was found there: each label takes
// memory for ever, and anybody may put the words of routes together in new ways.
func (m *metrics) label(route string, status int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.known[route]:
	case status >= 200 && status < 300 && len(m.known) < maxRoutes:
		m.known[route] = true
	default:
		return "other"
	}
	return route
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
