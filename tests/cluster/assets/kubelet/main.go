// A kubelet without a node: the real sync loop, prober, restarts, hooks and
// grace of the Kubernetes release that go.mod pins, above a runtime that plays
// containers from scripts (script.go) instead of running any.
//
// It writes what happens as JSON lines, see event.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubemark"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "who asks which API server")
	node := flag.String("node-name", "", "the name of the node")
	root := flag.String("root-dir", "", "the folder for everything that is written")
	flag.Parse()
	if err := run(*kubeconfig, *node, *root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, node, root string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// All scenarios run side by side: a real node's limits would make them wait
	// for each other.
	config.QPS, config.Burst = 1000, 1000
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	log, err := newLog(filepath.Join(root, "events.jsonl"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := watchStatus(ctx, config, log); err != nil {
		return err
	}
	hollow, err := hollowKubelet(node, root, client, log)
	if err != nil {
		return err
	}
	hollow.Run(ctx)
	return nil
}

// hollowKubelet puts the kubelet together; kubemark's has stand-ins for what
// belongs to a host.
func hollowKubelet(node, root string, client *clientset.Clientset, log *eventLog) (*kubemark.HollowKubelet, error) {
	flags := options.NewKubeletFlags()
	flags.RootDirectory = root
	flags.HostnameOverride = node
	// What has ended stays to be seen.
	flags.MaxPerPodContainerCount = 100
	flags.MaxContainerCount = -1

	config, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	config.EnableServer = false
	config.PodLogsDir = filepath.Join(root, "logs")
	config.CgroupsPerQOS = false
	config.EnforceNodeAllocatable = nil
	config.LocalStorageCapacityIsolation = false
	config.MaxPods = 1000
	config.SyncFrequency.Duration = seconds(1)
	config.SerializeImagePulls = false
	config.RegistryPullQPS = 0
	config.EventRecordQPS = 0

	hollow := kubemark.NewHollowKubelet(flags, config, client, client, &cadvisortest.Fake{},
		newImages(log), newRuntime(log), newContainerManager())
	// kubemark's does not probe; without one the kubelet makes the real one.
	hollow.KubeletDeps.ProbeManager = nil
	return hollow, nil
}
