package idp_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/outbox"
)

// Who waits for a message gets it as it is composed; a mail server gets it as well.
func TestWaitForMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mails := make(chan string, 1)
	go func() { // a mail server that takes one mail
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var text strings.Builder
		data := false
		for lines := bufio.NewScanner(c); ; {
			answer := "250 ok"
			switch line := lines.Text(); {
			case data && line != ".":
				text.WriteString(line + "\n")
				answer = ""
			case data:
				data = false
				mails <- text.String()
			case line == "DATA":
				data, answer = true, "354 go on"
			case line == "":
				answer = "220 test"
			}
			if answer != "" {
				c.Write([]byte(answer + "\r\n"))
			}
			if !lines.Scan() {
				return
			}
		}
	}()
	r := start(t, func(o *idp.Options) { o.SMTP = "smtp://" + l.Addr().String() })
	pool := quick(t, r).Pool
	got := make(chan outbox.Message)
	go func() { got <- r.mail(jane) }()
	r.aws("AdminCreateUser", doc{"UserPoolId": pool, "Username": jane, "DesiredDeliveryMediums": []string{"EMAIL"}})
	m := <-got
	if m.Kind != "AdminCreateUser" || m.Code == "" || m.Pool != pool || !strings.Contains(m.Body, m.Code) {
		t.Errorf("message %+v", m)
	}
	if text := <-mails; !strings.Contains(text, "To: <"+jane+">") {
		t.Errorf("mail %s", text)
	}
	var list outbox.List
	r.get(r.origin+"/_gibbon/outbox?pool="+pool+"&after="+url.QueryEscape(m.ID), &list)
	if len(list.Messages) != 0 {
		t.Errorf("behind the last: %v", list)
	}
	for setting, o := range map[string]idp.Options{"idp_smtp": {SMTP: "http://x"}, "idp_issuer": {Issuer: "no url"}} {
		o.Folder = filepath.Join(t.TempDir(), "x")
		if _, err := idp.New(context.Background(), o); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// Waiting for a message does not hold up the end of the provider.
func TestWaitingEndsWithTheProvider(t *testing.T) {
	folder := t.TempDir()
	p, err := idp.New(context.Background(), idp.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served, answered := make(chan error, 1), make(chan int, 1)
	go func() { served <- p.Serve(ctx, l) }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	go func() {
		answer, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String() + "/_gibbon/outbox?wait=50s")
		if err != nil {
			answered <- 0
			return
		}
		answer.Body.Close()
		answered <- answer.StatusCode
	}()
	if answer, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String() + "/_gibbon/ready"); err != nil {
		t.Fatal(err)
	} else {
		answer.Body.Close()
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	<-answered
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
