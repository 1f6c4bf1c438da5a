package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	readyPoll     = 20 * time.Millisecond
	readyPatience = 2 * time.Minute
	// The API server waits up to a minute for open watches; nobody here needs that.
	drainTime = 500 * time.Millisecond
)

// report is the content of DIR/ready.json, which exists while the instance is ready.
type report struct {
	Server string         `json:"server"`
	PIDs   map[string]int `json:"pids"`
}

// up runs an instance until a signal, the end of its owner or of its API server.
func up(args []string) int {
	runtime.LockOSThread() // a child's death signal follows the thread that started it
	begin := time.Now()
	o := parse(args)
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	if o.ownerPID > 0 {
		go endWithOwner(o.ownerPID)
	}
	must(os.MkdirAll(o.dir, 0o700))
	ready := filepath.Join(o.dir, "ready.json")
	must(os.RemoveAll(ready))

	a := openAuthority(filepath.Join(o.dir, "pki"))
	server := "https://" + net.JoinHostPort(o.bind, strconv.Itoa(o.port))
	files := writeIdentities(o, a, server)
	etcdURL, err := startEtcd(o.dir, o.fsync)
	must(err)
	ended := startAPIServer(apiServerFlags(o, a, files, etcdURL))
	if code, ok := waitUntilReady(server, a, ended, asked); !ok {
		return code
	}

	children := startChildren(o, a, files)
	pids := map[string]int{"kube-apiserver": os.Getpid()}
	for name, child := range children {
		pids[name] = child.Process.Pid
	}
	content, err := json.Marshal(report{server, pids})
	must(err)
	writeFile(ready, content, 0o600)
	fmt.Printf("controlplane: ready at %s after %d ms\n", server, time.Since(begin).Milliseconds())

	code := 0
	select {
	case code = <-ended:
	case <-asked: // the API server has a handler of its own, and drains
	}
	_ = os.Remove(ready)
	for _, child := range children {
		_ = child.Process.Kill()
		_ = child.Wait()
	}
	select {
	case <-ended:
	case <-time.After(drainTime):
	}
	// etcd is left as a crash would leave it, which it is made for: its own good-bye waits seconds for the API server's
	// watches.
	return code
}

// waitUntilReady asks /readyz; false with an exit code when the instance is not to become ready any more.
func waitUntilReady(server string, a *authority, ended <-chan int, asked <-chan os.Signal) (int, bool) {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	client := &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}
	defer client.CloseIdleConnections()
	late := time.After(readyPatience)
	for {
		select {
		case code := <-ended:
			return code, false
		case <-asked:
			return 0, false
		case <-late:
			fmt.Fprintln(os.Stderr, "controlplane: the API server is not ready after", readyPatience)
			return 1, false
		case <-time.After(readyPoll):
		}
		response, err := client.Get(server + "/readyz")
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return 0, true
		}
	}
}

func startChildren(o options, a *authority, files identities) map[string]*exec.Cmd {
	children := map[string]*exec.Cmd{}
	start := func(name string, flags []string) {
		child := exec.Command("/proc/self/exe", append([]string{name}, flags...)...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		// Even a kill -9 of this process ends them; a Ctrl-C in the terminal is this process's to handle.
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
		must(child.Start())
		children[name] = child
	}
	if o.controllers != "" {
		start("kube-controller-manager", controllerManagerFlags(o, a, files))
	}
	if o.scheduler {
		start("kube-scheduler", schedulerFlags(o, files))
	}
	return children
}
