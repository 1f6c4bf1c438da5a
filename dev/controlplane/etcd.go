package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

const (
	etcdPatience = 60 * time.Second
	etcdQuota    = 4 << 30
	// Preallocated, twice; etcd's own 64 MB would make each instance 122 MB larger.
	walSegment = 8 << 20
)

// startEtcd runs a one-member etcd in this process. It listens on unix sockets, so an instance takes one TCP port only:
// the API server's. Returns the URL for clients.
func startEtcd(dir string, fsync bool) (string, error) {
	wal.SegmentSizeBytes = walSegment
	config := embed.NewConfig()
	config.Name = "default"
	config.Dir = filepath.Join(dir, "etcd")
	config.LogLevel = "error"
	config.QuotaBackendBytes = etcdQuota
	// A lone member elects itself; waiting for others would only make the start slow.
	config.TickMs, config.ElectionMs = 50, 500
	config.UnsafeNoFsync = !fsync

	clients := url.URL{Scheme: "unix", Path: filepath.Join(dir, "etcd.sock")}
	peers := url.URL{Scheme: "unix", Path: filepath.Join(dir, "etcd-peer.sock")}
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{clients}, []url.URL{peers}
	// What is advertised must look like host:port; nobody dials it.
	nobody := []url.URL{{Scheme: "http", Host: "127.0.0.1:1"}}
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = nobody, nobody
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return clients.String(), nil
	case err := <-etcd.Err():
		return "", err
	case <-time.After(etcdPatience):
		return "", fmt.Errorf("etcd is not ready after %s", etcdPatience)
	}
}
