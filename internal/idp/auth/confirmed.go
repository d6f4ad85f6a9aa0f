package auth

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// Confirmed goes on with the sign-in of a user who has just confirmed their sign-up, in the browser in which they had chosen the password;
// that it is the same one is for the caller to know. A second factor is asked as ever.
func (s *Service) Confirmed(ctx context.Context, r Request, name string) (*Step, error) {
	u, err := s.find(ctx, r.Pool, name)
	if err != nil {
		return nil, err
	}
	if u == nil || u.Status != user.Confirmed || !u.Enabled {
		return nil, badSession()
	}
	x := s.begin(r, "USER_AUTH", name)
	x.user = u
	return x.second(ctx)
}
