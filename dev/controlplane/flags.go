package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// identities are the files by which the parts of an instance know each other.
type identities struct {
	tokens, controllerManager, scheduler string
}

func writeIdentities(o options, a *authority, server string) identities {
	_, services, err := net.ParseCIDR(o.serviceCIDR)
	must(err)
	first := services.IP.To4()
	first[3]++ // the address of the Service "kubernetes"
	a.issue("apiserver", "kube-apiserver", nil, []string{"localhost", "127.0.0.1", "::1", o.bind, first.String(),
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"})
	a.issue("apiserver-kubelet-client", "kube-apiserver-kubelet-client", []string{"system:masters"}, nil)
	kubeconfig := func(name, commonName string, organizations ...string) string {
		certificate, key := a.issue(name, commonName, organizations, nil)
		return writeKubeconfig(o.dir, name, server, a.pem, certificateUser(certificate, key))
	}
	kubeconfig("admin", "administrator", "system:masters")
	token, tokens := administratorToken(o.dir)
	writeKubeconfig(o.dir, "token", server, a.pem, "{token: "+token+"}")
	if o.node != "" {
		kubeconfig("kubelet", "system:node:"+o.node, "system:nodes")
		kubeconfig("kube-proxy", "system:kube-proxy", "system:node-proxier")
		a.issue("kubelet-server", o.node, nil, []string{o.node, o.bind, "127.0.0.1", "localhost"})
	}
	return identities{
		tokens: tokens,
		// All controllers share one identity, which therefore needs the rights of all of them.
		controllerManager: kubeconfig("controller-manager", "system:kube-controller-manager", "system:masters"),
		scheduler:         kubeconfig("scheduler", "system:kube-scheduler"),
	}
}

func apiServerFlags(o options, a *authority, files identities, etcd string) []string {
	flags := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + o.bind,
		"--secure-port=" + strconv.Itoa(o.port),
		"--tls-cert-file=" + a.path("apiserver.crt"),
		"--tls-private-key-file=" + a.path("apiserver.key"),
		"--client-ca-file=" + a.path("ca.crt"),
		"--token-auth-file=" + files.tokens,
		"--kubelet-client-certificate=" + a.path("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + a.path("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + a.path("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file=" + a.path("sa.key"),
		"--service-account-key-file=" + a.path("sa.pub"),
		"--service-cluster-ip-range=" + o.serviceCIDR,
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--profiling=false",
		"--shutdown-delay-duration=0s",
		fmt.Sprintf("--v=%d", o.verbosity),
	}
	if ip := net.ParseIP(o.bind); ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		// A loopback address may not be published as an endpoint.
		flags = append(flags, "--endpoint-reconciler-type=none")
	}
	if o.controllers == "" {
		// Nobody makes the accounts that this plugin waits for.
		flags = append(flags, "--disable-admission-plugins=ServiceAccount")
	}
	return flags
}

// startAPIServer runs it in this process; the channel delivers its exit code.
func startAPIServer(flags []string) <-chan int {
	ended := make(chan int, 1)
	os.Args = append([]string{"kube-apiserver"}, flags...)
	go func() {
		command := apiserver.NewAPIServerCommand()
		command.SetArgs(flags)
		ended <- cli.Run(command)
	}()
	return ended
}

// A client's default of 20 requests a second would make every test of many objects wait for the controllers.
var swift = []string{"--kube-api-qps=1000", "--kube-api-burst=2000", "--leader-elect=false", "--secure-port=0", "--profiling=false"}

func controllerManagerFlags(o options, a *authority, files identities) []string {
	flags := append([]string{
		"--kubeconfig=" + files.controllerManager,
		"--controllers=" + o.controllers,
		"--service-account-private-key-file=" + a.path("sa.key"),
		"--root-ca-file=" + a.path("ca.crt"),
		"--cluster-signing-cert-file=" + a.path("ca.crt"),
		"--cluster-signing-key-file=" + a.path("ca.key"),
		"--use-service-account-credentials=false",
		fmt.Sprintf("--v=%d", o.verbosity),
	}, swift...)
	if o.node != "" {
		flags = append(flags, "--allocate-node-cidrs=true", "--cluster-cidr="+o.podCIDR)
	}
	return flags
}

func schedulerFlags(o options, files identities) []string {
	return append([]string{"--kubeconfig=" + files.scheduler, fmt.Sprintf("--v=%d", o.verbosity)}, swift...)
}
