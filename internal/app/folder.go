package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// pidFile, in the data folder, names the process that works there and is locked by it.
const pidFile = "gibbon.pid"

// claim makes the data folder and takes it for this process. A second process is refused, by the id of the first.
func claim(prefix string) (*os.File, error) {
	if err := os.MkdirAll(prefix, 0o750); err != nil {
		return nil, fmt.Errorf("prefix: %w", err)
	}
	path := filepath.Join(prefix, pidFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("prefix: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("prefix: %s is in use by another gibbon%s; stop it, or choose another folder with -p or GIBBON_PREFIX",
				prefix, pidText(path))
		}
		return nil, fmt.Errorf("prefix: lock %s: %w", path, err)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("prefix: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("prefix: %w", err)
	}
	return f, nil
}

func pidText(path string) string {
	pid, err := readPID(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (pid %d)", pid)
}

func readPID(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// Running returns the id of the process that works in a data folder, or 0.
func Running(prefix string) int {
	path := filepath.Join(prefix, pidFile)
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0 // nobody holds it; closing lets go
	}
	pid, err := readPID(path)
	if err != nil {
		return 0
	}
	return pid
}

// nodeID returns the node's UUID: as set, else the one kept in the data folder, else a new one.
func nodeID(s *settings.Settings) (string, error) {
	if s.NodeID != "" {
		return s.NodeID, nil
	}
	path := filepath.Join(s.Prefix, "node_id")
	b, err := os.ReadFile(path)
	if err == nil {
		if id := strings.TrimSpace(string(b)); uuid.Validate(id) == nil {
			return id, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("node_id: %w", err)
	}
	id := uuid.NewString()
	if err := os.WriteFile(path, []byte(id+"\n"), 0o640); err != nil {
		return "", fmt.Errorf("node_id: %w", err)
	}
	return id, nil
}
