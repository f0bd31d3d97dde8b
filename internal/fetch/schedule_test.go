package fetch_test

import (
	"math"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/fetch"
)

func fixed(r float64) func() float64 { return func() float64 { return r } }

func TestWait(t *testing.T) {
	hourly := fetch.Schedule{}
	quick := fetch.Schedule{Every: time.Minute}
	daily := fetch.Schedule{Every: 24 * time.Hour, Retry: 10 * time.Minute}
	endless := fetch.Schedule{Every: math.MaxInt64, Retry: math.MaxInt64, Most: math.MaxInt64}
	tests := []struct {
		about    string
		s        fetch.Schedule
		failures int
		random   float64
		want     time.Duration
	}{
		{"regular", hourly, 0, 0.5, time.Hour},
		{"regular, early", hourly, 0, 0, 54 * time.Minute},
		{"regular, negative", hourly, -1, 0.5, time.Hour},
		{"first failure", hourly, 1, 0, 5 * time.Minute},
		{"first failure, half way", hourly, 1, 0.5, 3*time.Minute + 45*time.Second},
		{"second", hourly, 2, 0, 10 * time.Minute},
		{"fifth", hourly, 5, 0, 80 * time.Minute},
		{"the most", hourly, 8, 0, 6 * time.Hour},
		{"for ever", hourly, math.MaxInt, 0, 6 * time.Hour},
		{"no later than usual", quick, 1, 0, time.Minute},
		{"a day's", daily, 1, 0, 10 * time.Minute},
		{"a day's most", daily, 100, 0, 24 * time.Hour},
		{"very long", endless, 100, 0, 1 << 62},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if got := tt.s.Wait(tt.failures, fixed(tt.random)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		failures    int
		after, want time.Duration
	}{
		{0, 0, time.Hour},
		{0, time.Minute, time.Hour},
		{1, 0, 225 * time.Second},
		{1, -time.Hour, 225 * time.Second},
		{1, 20 * time.Minute, 20*time.Minute + 3*time.Second},
		{0, 24 * time.Hour, 24*time.Hour + 3*time.Second},
	} {
		if got := (fetch.Schedule{}).Next(at, tt.failures, tt.after, fixed(0.5)); got != at.Add(tt.want) {
			t.Errorf("%d failures, after %s: in %s, want %s", tt.failures, tt.after, got.Sub(at), tt.want)
		}
	}
}
