package packaging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"halley/cmd/halley/config"
)

// object is a part of a YAML file.
type object map[string]any

// documents are those of a YAML file.
func documents(t *testing.T, path string) (list []object) {
	t.Helper()
	for d := yaml.NewDecoder(strings.NewReader(text(t, path))); ; {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		list = append(list, o)
	}
}

// at finds what lies below keys, which are names or, of a list, "0" for its first element.
func (o object) at(t *testing.T, keys ...string) (found any) {
	t.Helper()
	found = o
	for _, key := range keys {
		switch part := found.(type) {
		case object:
			found = part[key]
		case []any:
			if key != "0" || len(part) == 0 {
				t.Fatalf("%v: no %s", keys, key)
			}
			found = part[0]
		default:
			found = nil
		}
		if found == nil {
			t.Fatalf("there is no %s of %v", key, keys)
		}
	}
	return found
}

// words are the texts of a list.
func words(t *testing.T, list any) (texts []string) {
	t.Helper()
	all, is := list.([]any)
	if !is {
		t.Fatalf("%v is no list", list)
	}
	for _, w := range all {
		texts = append(texts, fmt.Sprint(w))
	}
	return texts
}

// kinds are the objects of a manifest, by kind and name.
func kinds(t *testing.T, path string) map[string]object {
	t.Helper()
	all := make(map[string]object)
	for _, o := range documents(t, path) {
		name := fmt.Sprint(o.at(t, "kind"), " ", o.at(t, "metadata", "name"))
		if all[name] != nil {
			t.Errorf("%s is there twice", name)
		}
		all[name] = o
	}
	return all
}

// The StatefulSet makes one cluster: each pod is a peer by the name that the headless service gives it, found before it is ready,
// and one at a time goes, with the time that its drain takes.
func TestClusterOnKubernetes(t *testing.T) {
	all := kinds(t, "cluster-kubernetes.yaml")
	set := all["StatefulSet halley"]
	pod := object{"spec": set.at(t, "spec", "template", "spec")}
	container := object{"c": pod.at(t, "spec", "containers", "0")}
	path := filepath.Join(t.TempDir(), "halley.json")
	block := fmt.Sprint(all["ConfigMap halley"].at(t, "data", "halley.json"))
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	c := serve(t, path, words(t, container.at(t, "c", "args"))...)
	service, replicas := fmt.Sprint(set.at(t, "spec", "serviceName")), set.at(t, "spec", "replicas").(int)
	var peers []string
	for n := range replicas {
		peers = append(peers, fmt.Sprintf("halley-%d.%s:6222", n, service))
	}
	cluster := c.Cluster.NATS
	if !slices.Equal(cluster.Peers, peers) || cluster.Listen != ":6222" || cluster.Replicas != replicas {
		t.Errorf("peers %q of %q, %d of %d keep history", cluster.Peers, cluster.Listen, cluster.Replicas, replicas)
	}
	if err := c.Cluster.Check(); err != nil && !strings.Contains(err.Error(), "--cluster-secret-file") { // it is not here
		t.Error(err)
	}
	headless := all["Service "+service]
	if headless.at(t, "spec", "clusterIP") != "None" || headless.at(t, "spec", "publishNotReadyAddresses") != true {
		t.Errorf("%v", headless)
	}
	if set.at(t, "spec", "podManagementPolicy") != "Parallel" || all["PodDisruptionBudget halley"].at(t, "spec", "maxUnavailable") != 1 {
		t.Error("the nodes wait for each other, or more than one may be taken away")
	}
	checkDrain(t, c, time.Duration(pod.at(t, "spec", "terminationGracePeriodSeconds").(int))*time.Second)
	probe := object{"p": container.at(t, "c", "readinessProbe")}
	failed := time.Duration(probe.at(t, "p", "periodSeconds").(int)*probe.at(t, "p", "failureThreshold").(int)) * time.Second
	if c.Drain.Delay < 2*failed || probe.at(t, "p", "httpGet", "path") != "/health/ready" {
		t.Errorf("the drain begins after %v, its readiness is seen to have ended after %v", c.Drain.Delay, failed)
	}
	checkConfined(t, container, c)
}

// checkDrain wants a node to have the time that its drain takes.
func checkDrain(t *testing.T, c *config.Serve, grace time.Duration) {
	t.Helper()
	if drain := c.Drain.Delay + c.Loop.DrainTimeout; grace < drain+10*time.Second {
		t.Errorf("the grace of %v is too short for a drain of %v", grace, drain)
	}
}

// checkConfined wants a container to have no rights that it does not need, and to keep its files where they last.
func checkConfined(t *testing.T, container object, c *config.Serve) {
	t.Helper()
	security := object{"s": container.at(t, "c", "securityContext")}
	if security.at(t, "s", "readOnlyRootFilesystem") != true || security.at(t, "s", "allowPrivilegeEscalation") != false {
		t.Errorf("%v", security)
	}
	var mounts []string
	for _, m := range container.at(t, "c", "volumeMounts").([]any) {
		mounts = append(mounts, fmt.Sprint(m.(object)["mountPath"]))
	}
	for _, file := range []string{c.Cluster.NATS.Store, c.Internal.Keys, c.Cluster.NATS.SecretFile} {
		if !slices.Contains(mounts, filepath.Dir(file)) {
			t.Errorf("%s is in none of %q", file, mounts)
		}
	}
}

// The services of the compose file are one cluster too, which the proxy finds by their names.
func TestClusterByCompose(t *testing.T) {
	compose := documents(t, "cluster-compose.yaml")[0]
	base := object{"node": compose.at(t, "x-node")}
	args := words(t, base.at(t, "node", "command"))
	t.Setenv("HALLEY_INTERNAL_KEY", "a-key-of-some-length")
	c := serve(t, "", args...)
	grace, err := time.ParseDuration(fmt.Sprint(base.at(t, "node", "stop_grace_period")))
	if err != nil {
		t.Fatal(err)
	}
	checkDrain(t, c, grace)
	proxy := fmt.Sprint(compose.at(t, "configs", "proxy", "content"))
	var names []string
	for name, service := range compose.at(t, "services").(object) {
		if name == "proxy" {
			continue
		}
		names = append(names, name+":6222")
		node := service.(object)
		if !slices.Equal(words(t, node["command"]), args) || !slices.Equal(words(t, node["volumes"]), []string{name + ":/var/lib/halley"}) {
			t.Errorf("%s: %v", name, node)
		}
		if !strings.Contains(proxy, fmt.Sprintf("server %s %s:8080\n", name, name)) {
			t.Errorf("the proxy does not know %s", name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(c.Cluster.NATS.Peers, names) || !strings.HasPrefix(c.Cluster.NATS.Store, "/var/lib/halley/") {
		t.Errorf("%q are no peers of %q, or %s does not last", names, c.Cluster.NATS.Peers, c.Cluster.NATS.Store)
	}
	if bytes.Contains([]byte(text(t, "cluster-compose.yaml")), []byte("\t")) {
		t.Error("YAML has no tabs")
	}
}
