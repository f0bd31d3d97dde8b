// Package nucleiwire is what infohub and its child process infohub-nuclei say
// to each other: one Request as a line of JSON on the child's standard input,
// then Lines of JSON on its standard output, a hello first and a done last.
// The child stops when its input is closed.
//
// A leaf: scanner/probe/nucleiprobe and cmd/infohub-nuclei import it.
package nucleiwire

// Version is that of the exchange. The two programs are released together; a
// child that greets with another version is not used.
const Version = 1

// MaxRequest and MaxLine bound what is read, in bytes.
const (
	MaxRequest = 4 << 20
	MaxLine    = 16 << 10
)

// Request is the whole order.
type Request struct {
	Version   int        `json:"version"`
	Templates []Template `json:"templates"`
	Jobs      []Job      `json:"jobs"`
	// Concurrency is how many jobs run at a time.
	Concurrency int `json:"concurrency"`
	// PerSecond bounds the requests of all jobs together.
	PerSecond int `json:"per_second"`
	// Timeout bounds one request, in seconds.
	Timeout   int    `json:"timeout"`
	UserAgent string `json:"user_agent"`
	// Proxy is a socks5 URL with a credential. Nothing else is connected to.
	Proxy string `json:"proxy"`
}

// Template is a nuclei template.
type Template struct {
	ID   string `json:"id"` // the rule's id; the text has one without dots
	Text string `json:"text"`
}

// Job is one template against one target, and ends with one Result.
type Job struct {
	Template string `json:"template"` // Template.ID
	Target   string `json:"target"`   // an origin: scheme, host, perhaps a port
}

// Line is one line of the child's output; exactly one field is set.
type Line struct {
	Hello  *Hello  `json:"hello,omitempty"`
	Result *Result `json:"result,omitempty"`
	Done   *Done   `json:"done,omitempty"`
}

// Hello is the first line.
type Hello struct {
	Version int    `json:"version"`
	Engine  string `json:"engine"` // "nuclei v3.10.0"
}

// Status is how a job ended.
type Status string

// The ends.
const (
	Matched Status = "matched"
	Clean   Status = "not-matched" // every request of the template was answered
	Failed  Status = "failed"      // Error or HTTP says why
	Silent  Status = "silent"      // the engine gave neither answers nor a reason
)

// Result is how one job ended.
type Result struct {
	Job
	Status Status `json:"status"`
	At     string `json:"at,omitempty"`    // matched: the URL
	Error  string `json:"error,omitempty"` // failed: for an engineer
	HTTP   int    `json:"http,omitempty"`  // failed: the status that turned us away
}

// Done is the last line: how many jobs ended in each way.
type Done struct {
	Matched int `json:"matched"`
	Clean   int `json:"not_matched"`
	Failed  int `json:"failed"`
	Silent  int `json:"silent"`
}
