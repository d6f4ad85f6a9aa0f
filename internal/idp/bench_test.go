package idp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// processor is the time that the process has computed so far.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMachineTokens compares tokens by client credentials with what the machine's cores can sign with RSA-2048, in turns, so that
// whatever else runs weighs on both; the ratio of computing time is that of a machine with nothing else to do. It is to be 0.8 or more.
//
//	go test ./internal/idp -run '^$' -bench MachineTokens -benchtime 5s
func BenchmarkMachineTokens(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256([]byte("payload"))
	sign := func() {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
			b.Error(err)
		}
	}
	r := start(b, nil)
	q := quick(b, r)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {q.Client}, "client_secret": {q.Secret}, "scope": {q.Scope}}.Encode()
	inside := func() {
		w, in := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, r.origin+"/oauth2/token", strings.NewReader(form))
		if r.ServeHTTP(w, in); w.Code != http.StatusOK {
			b.Error(w.Code, w.Body)
		}
	}
	byHTTP := func() {
		answer, err := r.client.Post(r.origin+"/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			b.Error(err)
			return
		}
		io.Copy(io.Discard, answer.Body)
		if answer.Body.Close(); answer.StatusCode != http.StatusOK {
			b.Error(answer.Status)
		}
	}
	r.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 16
	for name, token := range map[string]func(){"handler": inside, "HTTP": byHTTP} {
		b.Run(name, func(b *testing.B) {
			token()
			var signing, making atomic.Int64
			var rounds atomic.Int64
			var signingCPU, makingCPU time.Duration
			turn := func(run func(), spent *atomic.Int64, cpu *time.Duration) {
				before := processor(b)
				var working sync.WaitGroup
				began := time.Now()
				for range 2 {
					working.Go(func() {
						for range 20 {
							run()
						}
					})
				}
				working.Wait()
				spent.Add(int64(time.Since(began)))
				*cpu += processor(b) - before
			}
			for b.Loop() {
				turn(sign, &signing, &signingCPU)
				turn(token, &making, &makingCPU)
				rounds.Add(1)
			}
			n := float64(rounds.Load() * 40)
			b.ReportMetric(n/time.Duration(making.Load()).Seconds(), "tokens/s")
			b.ReportMetric(n/time.Duration(signing.Load()).Seconds(), "signatures/s")
			b.ReportMetric(float64(signing.Load())/float64(making.Load()), "ratio")
			b.ReportMetric(float64(signingCPU)/float64(makingCPU), "ratio-of-CPU")
		})
	}
}
