package fetch

import "time"

// Schedule is when a document is fetched again. A zero field is its default.
type Schedule struct {
	Every time.Duration // between fetches that succeed; 1 h
	// Retry is the wait after the first failure, doubled by each further one;
	// 5 min, and never more than Every.
	Retry time.Duration
	// Most is the longest wait after failures; 6 h, and never less than Every.
	Most time.Duration
}

// Bounds of jitter: many documents of one server, and many hubs that were
// started together, must not come at one time.
const (
	spread      = 0.1 // a regular wait is from 10 % shorter to 10 % longer
	retrySpread = 0.5 // a wait after a failure is up to half shorter
)

func (s Schedule) filled() Schedule {
	if s.Every <= 0 {
		s.Every = time.Hour
	}
	if s.Retry <= 0 {
		s.Retry = 5 * time.Minute
	}
	if s.Most <= 0 {
		s.Most = 6 * time.Hour
	}
	s.Retry = min(s.Retry, s.Every)
	s.Most = max(s.Most, s.Every)
	return s
}

// Wait is how long to wait after so many failures in a row, 0 being a success.
// random gives numbers from 0 up to 1, as rand.Float64 does, and is asked once.
func (s Schedule) Wait(failures int, random func() float64) time.Duration {
	s = s.filled()
	if failures <= 0 {
		return scale(s.Every, 1-spread+2*spread*random())
	}
	d := s.Retry
	for i := 1; i < failures && d < s.Most; i++ {
		if d > s.Most/2 {
			d = s.Most
		} else {
			d *= 2
		}
	}
	return scale(min(d, s.Most), 1-retrySpread*random())
}

// Next is when to fetch again after a fetch that ended at the time at. after is
// the RetryAfter of its result or error, before which it never is.
func (s Schedule) Next(at time.Time, failures int, after time.Duration, random func() float64) time.Time {
	wait := s.Wait(failures, random)
	if after = max(after, 0); wait < after {
		wait = after + scale(min(after, time.Minute), spread*random()) // others were told the same
	}
	return at.Add(wait)
}

// scale multiplies, within what a Duration can hold.
func scale(d time.Duration, by float64) time.Duration {
	const most = float64(1 << 62)
	return time.Duration(min(float64(d)*by, most))
}
