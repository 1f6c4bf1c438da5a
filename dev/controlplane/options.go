package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"path/filepath"
)

// A unix socket's path, etcd-peer.sock included, may have 107 bytes.
const longestDir = 90

type options struct {
	dir, bind, node, serviceCIDR, podCIDR, controllers string
	port, verbosity, ownerPID                          int
	scheduler, fsync                                   bool
}

func parse(args []string) options {
	var o options
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	flags.StringVar(&o.dir, "dir", "", "directory of the instance (required)")
	flags.IntVar(&o.port, "port", 0, "port of the API server; 0 takes a free one")
	flags.StringVar(&o.bind, "bind", "127.0.0.1", "address that the API server listens on")
	flags.StringVar(&o.node, "node", "", "name of a node: writes kubeconfigs for its kubelet and kube-proxy too")
	flags.StringVar(&o.serviceCIDR, "service-cidr", "10.96.0.0/16", "addresses of Services")
	flags.StringVar(&o.podCIDR, "pod-cidr", "10.244.0.0/16", "addresses of pods, handed to the node")
	flags.StringVar(&o.controllers, "controllers", "*", "controllers to run; empty for none")
	flags.BoolVar(&o.scheduler, "scheduler", false, "run kube-scheduler")
	flags.BoolVar(&o.fsync, "fsync", false, "let etcd sync to disk: slower, survives a crash of the machine")
	flags.IntVar(&o.ownerPID, "owner-pid", 0, "end when this process is gone")
	flags.IntVar(&o.verbosity, "v", 0, "verbosity of the components' logs")
	must(flags.Parse(args))
	if flags.NArg() > 0 {
		must(fmt.Errorf("up: unexpected argument %q", flags.Arg(0)))
	}
	if o.dir == "" {
		must(errors.New("up: --dir is required"))
	}
	dir, err := filepath.Abs(o.dir)
	must(err)
	if len(dir) > longestDir {
		must(fmt.Errorf("up: the path %s is longer than %d characters, too long for a socket in it", dir, longestDir))
	}
	o.dir = dir
	if o.port == 0 {
		listener, err := net.Listen("tcp", net.JoinHostPort(o.bind, "0"))
		must(err)
		o.port = listener.Addr().(*net.TCPAddr).Port
		must(listener.Close())
	}
	return o
}
