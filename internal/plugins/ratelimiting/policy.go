package ratelimiting

// policyProblem says why a policy cannot be used.
func policyProblem(policy string) string { return "policy '" + policy + "' is not available, use 'local'" }
