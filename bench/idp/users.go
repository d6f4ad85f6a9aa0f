package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

const (
	fewUsers  = 1000
	signers   = 50  // users with an SRP verifier of their own
	mostGrown = 1.3 // what noise may make of 1
	batch     = 1000
)

// pools compares a pool of many users with one of a thousand in the same database, in turns: what a call takes must not depend on it.
func (b *bench) pools() error {
	folder := filepath.Join(b.Dir, "users")
	var env []string
	if b.database != "" {
		env = append(env, "GIBBON_IDP_DATABASE="+b.database)
	}
	p, err := b.serve("idp", folder, env...)
	if err != nil {
		return err
	}
	var pools [2]*signIn
	for i, name := range []string{"few", "many"} {
		if pools[i], err = p.makePool(name); err != nil {
			return err
		}
	}
	rig.End(p.Cmd)
	began := time.Now()
	for i, n := range []int{fewUsers, b.users} {
		if err := b.fill(folder, pools[i].pool, n); err != nil {
			return err
		}
	}
	fmt.Printf("%d users were made in %s\n\n", fewUsers+b.users, time.Since(began).Round(time.Second))
	if p, err = b.serve("idp", folder, env...); err != nil {
		return err
	}
	defer rig.End(p.Cmd)
	for _, s := range pools {
		s.provider = p
	}
	if err := p.quiet(); err != nil {
		return err
	}
	fmt.Printf("| call | ms with %d users | ms with %d | ratio | CPU ms with %[1]d | with %[2]d | ratio | at most %.1f |\n", fewUsers, b.users, mostGrown)
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --- |")
	return b.compare(pools)
}

// fill puts users straight into the database; hashing 100,000 passwords would take an hour. All have the same hash.
func (b *bench) fill(folder, id string, n int) error {
	dsn := b.database
	if dsn == "" {
		dsn = filepath.Join(folder, "idp.db")
	}
	ctx := context.Background()
	s, err := store.Open(ctx, dsn, "")
	if err != nil {
		return err
	}
	defer s.Close()
	pools := pool.New(pool.Options{Store: s, Now: time.Now, Issuer: func(string, string) string { return "" }})
	p, err := pools.Pool(ctx, id)
	if err != nil {
		return err
	}
	same := user.Password{Hash: password.Hash(secret, password.Default)}
	for from := 0; from < n; from += batch {
		err := s.Update(ctx, func(tx *store.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				u := &user.User{Attr: map[string]string{"email": address(i), "email_verified": "true", "given_name": fmt.Sprintf("Given%d", i%100), "family_name": fmt.Sprint("Family", i)}}
				if err := u.Name(p, address(i)); err != nil {
					return err
				}
				secrets := same
				if i < signers {
					secrets = user.NewPassword(p, u.Username, secret, password.Default)
				}
				now := time.Now()
				u.SetPassword(p, secrets, false, now)
				u.Status, u.Enabled, u.Created, u.Modified = user.Confirmed, i%10 > 0 || i < signers, now, now
				if err := u.Insert(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func address(i int) string { return fmt.Sprintf("user%06d@example.com", i) }

// compare measures each call in both pools in turns.
func (b *bench) compare(pools [2]*signIn) error {
	list := func(s *signIn, in doc) (string, error) {
		in["UserPoolId"] = s.pool
		var out struct {
			Users           []json.RawMessage
			PaginationToken string
		}
		err := s.call("ListUsers", in, &out)
		if err == nil && len(out.Users) == 0 {
			err = fmt.Errorf("no users for %v", in)
		}
		return out.PaginationToken, err
	}
	// The last pages, as far as there are full ones: of all, and of a filter that nine of ten users pass by the same value.
	const most = `status = "Enabled"`
	var deep, filtered [2]string
	for i, s := range pools {
		n := []int{fewUsers, b.users}[i]
		for filter, into := range map[string]*string{"": &deep[i], most: &filtered[i]} {
			for range n*9/10/60 - 1 {
				in := doc{}
				if filter != "" {
					in["Filter"] = filter
				}
				if *into != "" {
					in["PaginationToken"] = *into
				}
				var err error
				if *into, err = list(s, in); err != nil {
					return err
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		run  func(i int, s *signIn) error
	}{
		{"sign-in by SRP", func(_ int, s *signIn) error { return s.bySRP(address(rand.N(signers))) }},
		{"sign-in by password", func(_ int, s *signIn) error { return s.byPassword(address(rand.N(signers))) }},
		{"AdminGetUser", func(i int, s *signIn) error {
			var out doc
			return s.call("AdminGetUser", doc{"UserPoolId": s.pool, "Username": address(rand.N([]int{fewUsers, b.users}[i]))}, &out)
		}},
		{"ListUsers, first page of 60", func(_ int, s *signIn) error { _, err := list(s, doc{}); return err }},
		{"ListUsers, a page near the end", func(i int, s *signIn) error { _, err := list(s, doc{"PaginationToken": deep[i]}); return err }},
		{"ListUsers, email = …", func(i int, s *signIn) error {
			_, err := list(s, doc{"Filter": `email = "` + address(rand.N([]int{fewUsers, b.users}[i])) + `"`})
			return err
		}},
		{"ListUsers, email ^= …, a page of 60", func(_ int, s *signIn) error { _, err := list(s, doc{"Filter": `email ^= "user0"`}); return err }},
		{"ListUsers, " + most + ", first page", func(_ int, s *signIn) error { _, err := list(s, doc{"Filter": most}); return err }},
		{"ListUsers, " + most + ", the last page", func(i int, s *signIn) error {
			_, err := list(s, doc{"Filter": most, "PaginationToken": filtered[i]})
			return err
		}},
		{"ListUsers, 3 attributes of 10", func(_ int, s *signIn) error {
			_, err := list(s, doc{"Limit": 10, "AttributesToGet": []string{"email", "given_name", "sub"}})
			return err
		}},
	} {
		var wall, cpu [2][]float64
		for round := range b.signIns {
			for k := range pools {
				i := (k + round) % 2
				var took time.Duration
				used, err := pools[i].spent(func() error {
					began := time.Now()
					defer func() { took = time.Since(began) }()
					return c.run(i, pools[i])
				})
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				wall[i], cpu[i] = append(wall[i], ms(took)), append(cpu[i], ms(used))
			}
		}
		// Others that use the machine only add: the faster quarter tells more than the median.
		w := [2]float64{rig.Quarter(wall[0]), rig.Quarter(wall[1])}
		u := [2]float64{rig.Quarter(cpu[0]), rig.Quarter(cpu[1])}
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %s |\n", c.name, w[0], w[1], w[1]/w[0], u[0], u[1], u[1]/u[0], verdict(u[1]/u[0] <= mostGrown))
	}
	return nil
}
