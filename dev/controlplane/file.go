package main

import (
	"os"
	"path/filepath"
)

// writeFile replaces a file as a whole: clients read kubeconfigs while a restarted instance writes them again.
func writeFile(path string, content []byte, mode os.FileMode) {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	must(err)
	_, err = temporary.Write(content)
	must(err)
	must(temporary.Chmod(mode))
	must(temporary.Close())
	must(os.Rename(temporary.Name(), path))
}
