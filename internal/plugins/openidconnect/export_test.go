package openidconnect

// DeriveRSA is deriveRSA for its test.
var DeriveRSA = deriveRSA
