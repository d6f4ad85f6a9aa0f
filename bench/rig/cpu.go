package rig

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks of /proc/<pid>/stat in a second: fixed in Linux's interface.
const ticks = 100

// cpuOf returns the seconds of CPU of a process and its children.
func cpuOf(pid int) (float64, error) { return sum(pid, cpuOfOne) }

// Memory returns the bytes of memory that the processes of a server hold (RSS).
func Memory(s *Server) (float64, error) { return sum(s.Cmd.Process.Pid, memoryOfOne) }

// sum adds a figure of a process and its children.
func sum(pid int, one func(pid int) (float64, error)) (float64, error) {
	all, err := one(pid)
	if err != nil {
		return 0, err
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			more, _ := one(n) // it may have ended
			all += more
		}
	}
	return all, nil
}

func memoryOfOne(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm: %q", pid, b)
	}
	pages, err := strconv.ParseFloat(f[1], 64)
	return pages * float64(os.Getpagesize()), err
}

func cpuOfOne(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	return (user + system) / ticks, nil
}
