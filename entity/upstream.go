package entity

// Upstream is a balanced group of targets. Intervals and timeouts are in seconds.
type Upstream struct {
	ID, Name, Algorithm                   string
	HashOn, HashFallback                  string
	HashOnHeader, HashFallbackHeader      string
	HashOnCookie, HashOnCookiePath        string
	HashOnQueryArg, HashFallbackQueryArg  string
	HashOnURICapture, HashFallbackCapture string
	Slots                                 int
	Healthchecks                          Healthchecks
	Tags                                  []string
	HostHeader                            string
	ClientCertificate                     *Ref
	UseSRVName                            bool
	CreatedAt, UpdatedAt                  int64
}

// Healthchecks of an upstream.
type Healthchecks struct {
	Active    ActiveCheck
	Passive   PassiveCheck
	Threshold float64
}

// ActiveCheck probes targets.
type ActiveCheck struct {
	Type                   string
	Timeout                float64
	Concurrency            int
	HTTPPath, HTTPSSNI     string
	HTTPSVerifyCertificate bool
	Headers                map[string][]string
	Healthy                Healthy
	Unhealthy              Unhealthy
}

// PassiveCheck watches proxied requests.
type PassiveCheck struct {
	Type      string
	Healthy   Healthy
	Unhealthy Unhealthy
}

// Healthy says what makes a target healthy. Interval is of active checks only.
type Healthy struct {
	Interval     float64
	Successes    int
	HTTPStatuses []int
}

// Unhealthy says what makes a target unhealthy. Interval is of active checks only.
type Unhealthy struct {
	Interval                            float64
	HTTPStatuses                        []int
	TCPFailures, Timeouts, HTTPFailures int
}
