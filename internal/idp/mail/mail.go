// Package mail sends the provider's mails by SMTP. Its main type is Sender, a queue with one worker: a sign-up does not wait for a mail
// server, and what cannot be sent stays in the outbox, where it was before. It sends no text messages.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	queued  = 256 // mails that wait; more are not sent
	timeout = 30 * time.Second
	tries   = 3
)

// Message is one mail.
type Message struct{ To, Subject, Body string } // Body is HTML if it begins like it

// Config is where mails go.
type Config struct {
	address, host string
	tls           bool // from the first byte; else STARTTLS where it is offered
	auth          smtp.Auth
	from          string
}

// Parse reads smtp://user:password@host:port or smtps://…; ?from= names the sender.
func Parse(text string) (*Config, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("not a URL") // the error would repeat the password
	}
	c := &Config{host: u.Hostname(), from: u.Query().Get("from")}
	port := u.Port()
	switch u.Scheme {
	case "smtp":
		if port == "" {
			port = "25"
		}
	case "smtps":
		c.tls = true
		if port == "" {
			port = "465"
		}
	default:
		return nil, fmt.Errorf("scheme %q is neither smtp nor smtps", u.Scheme)
	}
	if c.host == "" {
		return nil, errors.New("no host")
	}
	if c.from == "" {
		c.from = "no-reply@verificationemail.com"
	}
	if _, err := mail.ParseAddress(c.from); err != nil {
		return nil, fmt.Errorf("from %q is not an address", c.from)
	}
	c.address = net.JoinHostPort(c.host, port)
	if u.User != nil {
		password, _ := u.User.Password()
		c.auth = smtp.PlainAuth("", u.User.Username(), password, c.host)
	}
	return c, nil
}

// Sender sends mails one after another.
type Sender struct {
	config *Config
	log    *slog.Logger
	queue  chan Message
	stop   context.CancelFunc
	done   chan struct{}
}

// New returns a Sender and starts its worker. Close stops it.
func New(c *Config, log *slog.Logger) *Sender {
	ctx, stop := context.WithCancel(context.Background())
	s := &Sender{config: c, log: log, queue: make(chan Message, queued), stop: stop, done: make(chan struct{})}
	go s.work(ctx)
	return s
}

// Send puts a mail into the queue. It does not wait.
func (s *Sender) Send(m Message) {
	select {
	case s.queue <- m:
	default:
		s.log.Warn("provider: a mail was not sent, for too many wait; it is in the outbox", "subject", m.Subject)
	}
}

// Close sends no more, and waits for the mail under way.
func (s *Sender) Close() {
	s.stop()
	<-s.done
}

func (s *Sender) work(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-s.queue:
			s.deliver(ctx, m)
		}
	}
}

// deliver tries a few times, a little later each time.
func (s *Sender) deliver(ctx context.Context, m Message) {
	var err error
	for try := range tries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second << try):
			}
		}
		if err = s.config.send(ctx, m); err == nil {
			return
		}
	}
	s.log.Warn("provider: a mail could not be sent; it is in the outbox", "server", s.config.address, "error", err)
}

func (c *Config) send(ctx context.Context, m Message) error {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	text, err := c.compose(m, to.Address, time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var conn net.Conn
	settings := &tls.Config{ServerName: c.host, MinVersion: tls.VersionTLS12}
	if c.tls {
		conn, err = (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", c.address)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.address)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := smtp.NewClient(conn, c.host)
	if err != nil {
		return err
	}
	if offered, _ := client.Extension("STARTTLS"); offered && !c.tls {
		if err := client.StartTLS(settings); err != nil {
			return err
		}
	}
	if c.auth != nil {
		if err := client.Auth(c.auth); err != nil {
			return err
		}
	}
	from, err := mail.ParseAddress(c.from)
	if err != nil {
		return err
	}
	if err := client.Mail(from.Address); err != nil {
		return err
	}
	if err := client.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// compose writes the mail as RFC 5322 wants it.
func (c *Config) compose(m Message, to string, now time.Time) ([]byte, error) {
	kind := "text/plain"
	if body := strings.TrimSpace(m.Body); strings.Contains(body, "<") && strings.Contains(body, ">") {
		kind = "text/html" // the service sends all its mails so
	}
	subject := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, m.Subject)
	var b bytes.Buffer
	for _, field := range [][2]string{{"From", c.from}, {"To", (&mail.Address{Address: to}).String()}, {"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", now.Format(time.RFC1123Z)}, {"Message-ID", "<" + uuid.NewString() + "@gibbon>"}, {"MIME-Version", "1.0"},
		{"Content-Type", kind + "; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"}, {"Auto-Submitted", "auto-generated"}} {
		fmt.Fprintf(&b, "%s: %s\r\n", field[0], field[1])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(w, m.Body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
