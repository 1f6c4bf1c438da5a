package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

const ownerPoll = 250 * time.Millisecond

// endWithOwner sends SIGTERM to this process when the process `pid` has ended: whoever starts an instance for a while may
// die without stopping it. A later process with the same number is another one, which the time of its start tells.
func endWithOwner(pid int) {
	started := startOf(pid)
	for started != "" && startOf(pid) == started {
		time.Sleep(ownerPoll)
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
}

// startOf is when the process started, in clock ticks since boot; empty when there is none.
func startOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The command, in parentheses, may hold spaces.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}
