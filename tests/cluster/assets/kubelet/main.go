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

	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	internalapi "k8s.io/cri-api/pkg/apis"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubemark"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "who asks which API server")
	node := flag.String("node-name", "", "the name of the node")
	events := flag.String("events", "", "the file that gets a line for each event")
	flag.Parse()
	if err := run(*kubeconfig, *node, *events); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, node, events string) error {
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
	log, err := newLog(events)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := watchStatus(ctx, config, log); err != nil {
		return err
	}

	runtime := newRuntime(log)
	hollow := hollowKubelet(node, client, runtime, &images{log: log, pulled: map[string]bool{}})
	hollow.Run(ctx)
	return nil
}

func hollowKubelet(node string, client *clientset.Clientset, runtime internalapi.RuntimeService, images internalapi.ImageManagerService) *kubemark.HollowKubelet {
	// Its folders are made in $TMPDIR.
	flags, config := kubemark.GetHollowKubeletConfig(&kubemark.HollowKubeletOptions{NodeName: node, MaxPods: 1000})
	// Finished containers of a scenario stay until it is over.
	flags.MaxPerPodContainerCount = 100
	flags.MaxContainerCount = -1
	config.EnableServer = false
	config.SyncFrequency.Duration = seconds(1)
	config.RegistryPullQPS = 0
	config.SerializeImagePulls = false
	config.EventRecordQPS = 0
	config.KubeAPIQPS, config.KubeAPIBurst = 1000, 1000
	config.LocalStorageCapacityIsolation = false

	hollow := kubemark.NewHollowKubelet(flags, config, client, client, &cadvisortest.Fake{}, images, runtime, newContainerManager())
	// kubemark's does not probe; without one the kubelet makes the real one.
	hollow.KubeletDeps.ProbeManager = nil
	return hollow
}
