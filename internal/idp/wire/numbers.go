package wire

// numbers bounds whole numbers.
var numbers = map[string]Constraint{
	"AccessTokenValidity":                      {Number: true, Min: new(1), Max: new(86400)},
	"AdminCreateUserUnusedAccountValidityDays": {Number: true, Min: new(0), Max: new(365)},
	"AuthSessionValidity":                      {Number: true, Min: new(3), Max: new(15)},
	"IDTokenValidity":                          {Number: true, Min: new(1), Max: new(86400)},
	"ListProvidersLimit":                       {Number: true, Min: new(0), Max: new(60)},
	"ListResourceServersLimit":                 {Number: true, Min: new(1), Max: new(50)},
	"ListTermsRequestMaxResultsInteger":        {Number: true, Min: new(1), Max: new(60)},
	"MaxPerUser":                               {Number: true, Min: new(1), Max: new(100)},
	"MaxValidityMinutes":                       {Number: true, Min: new(0), Max: new(129600)},
	"PasswordHistorySize":                      {Number: true, Min: new(0), Max: new(24)},
	"PasswordPolicyMinLength":                  {Number: true, Min: new(6), Max: new(99)},
	"PoolQueryLimit":                           {Number: true, Min: new(1), Max: new(60)},
	"Precedence":                               {Number: true, Min: new(0)},
	"Priority":                                 {Number: true, Min: new(1), Max: new(2)},
	"QueryLimit":                               {Number: true, Min: new(1), Max: new(60)},
	"QueryLimitType":                           {Number: true, Min: new(0), Max: new(60)},
	"RefreshTokenValidity":                     {Number: true, Min: new(0), Max: new(315360000)},
	"RequestedLimit":                           {Number: true, Min: new(1)},
	"RetryGracePeriodSeconds":                  {Number: true, Min: new(0), Max: new(60)},
	"TemporaryPasswordValidityDays":            {Number: true, Min: new(0), Max: new(365)},
	"WebAuthnCredentialsQueryLimit":            {Number: true, Min: new(0), Max: new(20)},
}
