// Command node is the program of the node's own containers, in one static file. The name that it is
// started by selects what it does: pause, volume, serve or fetch.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	log.SetFlags(0)
	var err error
	switch name := filepath.Base(os.Args[0]); name {
	case "pause":
		pause()
	case "volume":
		err = volume()
	case "serve":
		err = serve()
	case "fetch":
		err = fetch()
	default:
		err = fmt.Errorf("started as %q; known names: pause, volume, serve, fetch", name)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// pause keeps a pod's namespaces open until it gets SIGINT or SIGTERM. It ignores SIGCHLD, so that the
// kernel reaps children.
func pause() {
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}

// volume creates or removes the folder of a claim. local-path-provisioner passes these flags to its
// setupCommand and teardownCommand.
func volume() error {
	path := flag.String("p", "", "folder of the claim")
	action := flag.String("a", "", "create or delete")
	_ = flag.String("s", "", "size in bytes, not enforced")
	_ = flag.String("m", "", "volume mode")
	flag.Parse()
	if !filepath.IsAbs(*path) {
		return fmt.Errorf("-p %q is not an absolute path", *path)
	}
	switch *action {
	case "create":
		// MkdirAll's mode is reduced by the umask, but any user may run the pod.
		if err := os.MkdirAll(*path, 0o777); err != nil {
			return err
		}
		return os.Chmod(*path, 0o777)
	case "delete":
		return os.RemoveAll(*path)
	}
	return fmt.Errorf("unknown -a %q; known: create, delete", *action)
}

// serve writes its second argument to a file in the folder of its first argument, and serves that
// folder on port 8080, for the tests of the cluster.
func serve() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: serve FOLDER TEXT")
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], "text"), []byte(os.Args[2]), 0o644); err != nil {
		return err
	}
	log.Print("serving ", os.Args[1])
	return http.ListenAndServe(":8080", http.FileServer(http.Dir(os.Args[1])))
}

// fetch prints the response of a URL, to test serve from inside a pod.
func fetch() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: fetch URL")
	}
	response, err := http.Get(os.Args[1])
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
