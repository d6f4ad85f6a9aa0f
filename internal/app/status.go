package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// buildVersion is set by the linker.
var buildVersion = "dev"

// Version returns the version of the program.
func Version() string { return buildVersion }

// VersionLines are what "gibbon version" prints.
func VersionLines(all bool) []string {
	lines := []string{buildVersion}
	if !all {
		return lines
	}
	lines = append(lines, "Admin API of Kong "+admin.Dialect, runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				lines = append(lines, "revision "+s.Value)
			}
		}
	}
	return lines
}

// Ready asks the gateway of the settings whether it is ready; the error says why it is not.
func Ready(ctx context.Context, s *settings.Settings) error {
	if len(s.Status) == 0 {
		return errors.New("status_listen is off, so that it cannot be asked")
	}
	l := s.Status[0]
	host := l.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, strconv.Itoa(l.Port))+"/status/ready", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("its status is %s", resp.Status)
	}
	return nil
}
