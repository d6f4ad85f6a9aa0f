package mail

import (
	"bufio"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
)

// server takes one mail and hands it on.
func server(t *testing.T) (address string, got <-chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	mails := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		io.WriteString(c, "220 test\r\n")
		var body strings.Builder
		for data := false; ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			switch {
			case data && line == ".\r\n":
				data = false
				io.WriteString(c, "250 ok\r\n")
				mails <- body.String()
			case data:
				body.WriteString(line)
			case strings.HasPrefix(line, "DATA"):
				data = true
				io.WriteString(c, "354 go on\r\n")
			case strings.HasPrefix(line, "QUIT"):
				io.WriteString(c, "221 bye\r\n")
				return
			default:
				io.WriteString(c, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().String(), mails
}

func TestSend(t *testing.T) {
	address, got := server(t)
	c, err := Parse("smtp://" + address + "?from=pool@example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := New(c, slog.New(slog.DiscardHandler))
	defer s.Close()
	s.Send(Message{To: "jane@example.com", Subject: "Ihr Code für heute\r\nBcc: evil@example.com", Body: "Der Code lautet <b>123456</b>.\r\n.\r\nEnde"})
	m, err := mail.ReadMessage(strings.NewReader(<-got))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" {
		t.Error("a subject added a field")
	}
	for name, want := range map[string]string{"To": "<jane@example.com>", "From": "pool@example.com", "Content-Type": "text/html; charset=utf-8"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || !strings.Contains(string(body), "<b>123456</b>") {
		t.Errorf("body %q, %v", body, err)
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"http://host", "smtp://", "smtp://host?from=no+address", "://", "mail.example.com"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was taken", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Parse("smtp://user:secret@ho st"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in %v", err)
	}
	c, err := Parse("smtps://user:secret@mail.example.com")
	if err != nil || c.address != "mail.example.com:465" || !c.tls || c.auth == nil {
		t.Errorf("%+v, %v", c, err)
	}
}
