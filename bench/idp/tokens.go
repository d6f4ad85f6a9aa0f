package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

const leastTokens = 0.8

// tokens compares, in turns, how many client_credentials tokens the provider makes with how many RSA-2048 signatures this program makes.
// Both are counted for a second of CPU: the provider's, all of its HTTP included, and this program's while it only signs.
func (b *bench) tokens() error {
	p, err := b.serve("idp", filepath.Join(b.Dir, "tokens"))
	if err != nil {
		return err
	}
	defer rig.End(p.Cmd)
	var quick struct{ Client_ID, Client_Secret, Token_URL, Scope string }
	r, err := http.NewRequest(http.MethodPost, p.origin+"/_gibbon/quickstart", nil)
	if err != nil {
		return err
	}
	if err := answer(r, &quick); err != nil {
		return err
	}
	if err := p.quiet(); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("a token"))
	sign := func() error {
		_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {quick.Scope}}.Encode()
	ask := func() error {
		r, err := http.NewRequest(http.MethodPost, p.origin+"/oauth2/token", strings.NewReader(form))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(quick.Client_ID, quick.Client_Secret)
		var out struct{ Access_Token string }
		if err := answer(r, &out); err != nil {
			return err
		}
		if out.Access_Token == "" {
			return errors.New("no token")
		}
		return nil
	}
	workers := runtime.GOMAXPROCS(0)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 4 * workers
	if _, _, err := b.rate(p.Process.Pid, 2*workers, ask); err != nil { // warm: connections, caches
		return err
	}
	fmt.Println("| round | signatures for a CPU second | tokens for a CPU second | ratio | signatures/s | tokens/s |")
	fmt.Println("| --: | --: | --: | --: | --: | --: |")
	var ratios, signed, made []float64
	for round := range b.rounds {
		perCPU, wall := [2]float64{}, [2]float64{}
		for i := range 2 {
			var err error
			if k := (i + round) % 2; k == 0 { // who begins changes
				perCPU[k], wall[k], err = b.rate(os.Getpid(), workers, sign)
			} else {
				perCPU[k], wall[k], err = b.rate(p.Process.Pid, 2*workers, ask)
			}
			if err != nil {
				return err
			}
		}
		ratios, signed, made = append(ratios, perCPU[1]/perCPU[0]), append(signed, perCPU[0]), append(made, perCPU[1])
		fmt.Printf("| %d | %.0f | %.0f | %.2f | %.0f | %.0f |\n", round+1, perCPU[0], perCPU[1], ratios[round], wall[0], wall[1])
	}
	fmt.Printf("\nmedians: %.0f signatures and %.0f tokens for a CPU second; ratio %.2f, at least %.1f: %s\n", rig.Median(signed), rig.Median(made),
		rig.Median(ratios), leastTokens, verdict(rig.Median(ratios) >= leastTokens))
	return nil
}

// rate runs fn over and over, by several workers, and counts it for a second of a process's CPU, and for a second.
func (b *bench) rate(pid, workers int, fn func() error) (perCPU, perSecond float64, err error) {
	var count atomic.Int64
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	before, err := taken(pid)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	for range workers {
		all.Go(func() {
			for time.Since(began) < b.turn {
				if err := fn(); err != nil {
					failed.Store(&err)
					return
				}
				count.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	after, err := taken(pid)
	if e := failed.Load(); e != nil {
		err = errors.Join(err, *e)
	}
	n := float64(count.Load())
	return n / (after - before).Seconds(), n / took.Seconds(), err
}
