package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
	"github.com/gibbon-gateway/gibbon/test/idp/srpclient"
)

const (
	mostSRP = 25 * time.Millisecond
	secret  = "Passw0rd!"
)

// signIn is a pool with a client, by which users sign in.
type signIn struct {
	*provider
	pool, client string
}

// makePool makes a pool whose users are named by their address, and a client for every flow.
func (p *provider) makePool(name string) (*signIn, error) {
	var made struct{ UserPool struct{ ID string } }
	err := p.call("CreateUserPool", doc{"PoolName": name, "UsernameAttributes": []string{"email"}, "AutoVerifiedAttributes": []string{"email"},
		"UsernameConfiguration": doc{"CaseSensitive": false}}, &made)
	if err != nil {
		return nil, err
	}
	var app struct{ UserPoolClient struct{ ClientID string } }
	err = p.call("CreateUserPoolClient", doc{"UserPoolId": made.UserPool.ID, "ClientName": "app",
		"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}, &app)
	return &signIn{p, made.UserPool.ID, app.UserPoolClient.ClientID}, err
}

// step is the answer to a step of a sign-in.
type step struct {
	ChallengeName        string
	ChallengeParameters  map[string]string
	AuthenticationResult struct{ AccessToken string }
}

// bySRP signs in without sending the password.
func (s *signIn) bySRP(name string) error {
	attempt := srpclient.New(s.pool)
	var asked, done step
	err := s.call("InitiateAuth", doc{"ClientId": s.client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": doc{"USERNAME": name, "SRP_A": attempt.A()}}, &asked)
	if err != nil {
		return err
	}
	answers, err := attempt.Answers(asked.ChallengeParameters, secret, time.Now())
	if err != nil {
		return err
	}
	err = s.call("RespondToAuthChallenge", doc{"ClientId": s.client, "ChallengeName": asked.ChallengeName, "ChallengeResponses": answers}, &done)
	if err == nil && done.AuthenticationResult.AccessToken == "" {
		err = errors.New("no token")
	}
	return err
}

// byPassword signs in by sending it.
func (s *signIn) byPassword(name string) error {
	var done step
	err := s.call("InitiateAuth", doc{"ClientId": s.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": doc{"USERNAME": name, "PASSWORD": secret}}, &done)
	if err == nil && done.AuthenticationResult.AccessToken == "" {
		err = errors.New("no token")
	}
	return err
}

// srp measures the provider's CPU time for a sign-in by SRP, both calls together. It needs no password hash, for the verifier is stored;
// that of a sign-in by password stands beside it.
func (b *bench) srp() error {
	p, err := b.serve("idp", filepath.Join(b.Dir, "srp"))
	if err != nil {
		return err
	}
	defer rig.End(p.Cmd)
	s, err := p.makePool("srp")
	if err != nil {
		return err
	}
	const name = "jane@example.com"
	var nothing doc
	err = p.call("AdminCreateUser", doc{"UserPoolId": s.pool, "Username": name, "MessageAction": "SUPPRESS"}, &nothing)
	if err == nil {
		err = p.call("AdminSetUserPassword", doc{"UserPoolId": s.pool, "Username": name, "Password": secret, "Permanent": true}, &nothing)
	}
	if err == nil {
		err = p.quiet()
	}
	if err != nil {
		return err
	}
	fmt.Println("| sign-in | CPU ms, mean | at most 25 |")
	fmt.Println("| --- | --: | --- |")
	for _, way := range []struct {
		name string
		run  func(string) error
		most time.Duration
	}{{"USER_SRP_AUTH", s.bySRP, mostSRP}, {"USER_PASSWORD_AUTH, argon2id included", s.byPassword, 0}} {
		if err := way.run(name); err != nil {
			return err
		}
		used, err := p.spent(func() error {
			for range b.signIns {
				if err := way.run(name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		each, good := used/time.Duration(b.signIns), "-"
		if way.most > 0 {
			good = verdict(each <= way.most)
		}
		fmt.Printf("| %s | %.1f | %s |\n", way.name, ms(each), good)
	}
	return nil
}
