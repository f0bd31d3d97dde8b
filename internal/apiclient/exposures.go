package apiclient

import "time"

// ConcernedOrganisation is how an organisation stands to an advisory, in numbers: what
// it has is its own affair.
type ConcernedOrganisation struct {
	Organisation string    `json:"organisation" doc:"Handle."`
	Assets       int       `json:"assets" doc:"That are or were exposed."`
	Affected     int       `json:"affected" doc:"Components that are affected now."`
	Possible     int       `json:"possible" doc:"Components that may be."`
	Told         int       `json:"told"`
	Acknowledged int       `json:"acknowledged"`
	Fixed        int       `json:"fixed" doc:"Seen to be fixed or gone by a scan or an inventory."`
	Closed       int       `json:"closed" doc:"Closed by what became of the advisory."`
	Found        time.Time `json:"found"`
	LastTold     time.Time `json:"last_told,omitzero"`
	LastAck      time.Time `json:"last_acknowledged,omitzero"`
	LastFixed    time.Time `json:"last_fixed,omitzero"`
}

// Acknowledged is what an acknowledgement was for.
type Acknowledged struct {
	Exposures int `json:"exposures" doc:"Open exposures of the organisation to the advisory."`
}
