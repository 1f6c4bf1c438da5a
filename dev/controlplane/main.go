// controlplane is a real Kubernetes control plane (and a node's parts) in one binary, for machines without containers.
//
//	controlplane up --dir DIR       etcd and kube-apiserver in this process, the others as its children
//	controlplane COMPONENT [flags]  one upstream component, exactly as Kubernetes ships it, kubectl included
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	_ "time/tzdata"
)

func main() {
	// Called by a component's name (a symbolic link), or with it as the first word.
	name := filepath.Base(os.Args[0])
	if _, known := components[name]; !known {
		if len(os.Args) < 2 {
			usage()
		}
		name = os.Args[1]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	if name == "up" {
		os.Exit(up(os.Args[1:]))
	}
	run, known := components[name]
	if !known {
		usage()
	}
	os.Exit(run())
}

func usage() {
	names := append([]string{"up"}, slices.Sorted(maps.Keys(components))...)
	fmt.Fprintf(os.Stderr, "usage: controlplane {%s} [flags]\n", strings.Join(names, "|"))
	os.Exit(2)
}

// must ends the process: nothing here can go on after a failure.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}
