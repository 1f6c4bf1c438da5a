package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// writeKubeconfig writes DIR/NAME.kubeconfig; `user` is the YAML of its only user.
func writeKubeconfig(dir, name, server string, ca []byte, user string) string {
	file := filepath.Join(dir, name+".kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: local
clusters:
- name: local
  cluster: {server: %q, certificate-authority-data: %s}
contexts:
- name: local
  context: {cluster: local, user: %s, namespace: default}
users:
- name: %s
  user: %s
`, server, base64.StdEncoding.EncodeToString(ca), name, name, user)
	writeFile(file, []byte(text), 0o600)
	return file
}

// certificateUser is a user who presents a client certificate of this authority.
func certificateUser(certificate, key []byte) string {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("{client-certificate-data: %s, client-key-data: %s}", encode(certificate), encode(key))
}

// administratorToken returns the bearer token of an administrator, and the file that tells the API server about it.
func administratorToken(dir string) (token, file string) {
	file = filepath.Join(dir, "tokens.csv")
	kept := filepath.Join(dir, "admin.token")
	if text, err := os.ReadFile(kept); err == nil {
		return string(text), file
	}
	random := make([]byte, 24)
	_, err := rand.Read(random)
	must(err)
	token = hex.EncodeToString(random)
	writeFile(file, []byte(token+`,administrator,administrator,"system:masters"`+"\n"), 0o600)
	writeFile(kept, []byte(token), 0o600)
	return token, file
}
