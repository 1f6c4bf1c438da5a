package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs every certificate of one instance. It stays in the instance's directory, so that clients of a server
// that was stopped and started again still trust it.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// openAuthority reads the authority of the directory, or makes it, together with the key that signs service account tokens.
func openAuthority(dir string) *authority {
	must(os.MkdirAll(dir, 0o700))
	a := &authority{dir: dir}
	if _, err := os.Stat(a.path("ca.key")); err == nil {
		a.read()
		return a
	}
	key := newKey()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "flinkjob-controlplane"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	a.certificate, err = x509.ParseCertificate(der)
	must(err)
	a.key, a.pem = key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})

	accounts := newKey()
	public, err := x509.MarshalPKIXPublicKey(accounts.Public())
	must(err)
	writeFile(a.path("sa.key"), keyText(accounts), 0o600)
	writeFile(a.path("sa.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
	writeFile(a.path("ca.crt"), a.pem, 0o644)
	// Last: its presence says that everything is here.
	writeFile(a.path("ca.key"), keyText(key), 0o600)
	return a
}

func (a *authority) read() {
	var err error
	a.pem, err = os.ReadFile(a.path("ca.crt"))
	must(err)
	keyPEM, err := os.ReadFile(a.path("ca.key"))
	must(err)
	certificateBlock, _ := pem.Decode(a.pem)
	keyBlock, _ := pem.Decode(keyPEM)
	a.certificate, err = x509.ParseCertificate(certificateBlock.Bytes)
	must(err)
	a.key, err = x509.ParseECPrivateKey(keyBlock.Bytes)
	must(err)
}

// issue writes NAME.crt and NAME.key for server and client use alike.
func (a *authority) issue(name, commonName string, organizations, hosts []string) (certificate, key []byte) {
	private := newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: commonName, Organization: organizations},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	must(err)
	certificate, key = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyText(private)
	writeFile(a.path(name+".crt"), certificate, 0o644)
	writeFile(a.path(name+".key"), key, 0o600)
	return certificate, key
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return key
}

func keyText(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalECPrivateKey(key)
	must(err)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}
