package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// watched are the kinds whose status is written as it changes.
var watched = []schema.GroupVersionResource{
	{Version: "v1", Resource: "pods"},
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "batch", Version: "v1", Resource: "jobs"},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
}

// watchStatus writes each change of a status as the API server shows it.
func watchStatus(ctx context.Context, config *rest.Config, log *eventLog) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	informers := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	for _, resource := range watched {
		informer := informers.ForResource(resource).Informer()
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { log.changes(nil, object) },
			UpdateFunc: func(old, object any) { log.changes(old, object) },
			DeleteFunc: func(object any) {
				if gone, ok := object.(*unstructured.Unstructured); ok {
					log.write(gone.GetNamespace(), gone.GetName(), who(gone), "is gone")
				}
			},
		})
		if err != nil {
			return err
		}
	}
	informers.Start(ctx.Done())
	informers.WaitForCacheSync(ctx.Done())
	return nil
}

func who(object *unstructured.Unstructured) string {
	return strings.ToLower(object.GetKind())
}

// line is what can be said of a status: who, and what.
type line struct{ who, what string }

// changes writes what holds now and did not hold before.
func (l *eventLog) changes(old, object any) {
	now := object.(*unstructured.Unstructured)
	var before map[string]line
	if old != nil {
		before = lines(old.(*unstructured.Unstructured))
	}
	after := lines(now)
	var events []event
	for _, key := range slices.Sorted(maps.Keys(after)) {
		was, known := before[key]
		// What is false from the beginning is nothing that happens.
		if was == after[key] || !known && strings.HasPrefix(after[key].what, "is not ") {
			continue
		}
		events = append(events, event{
			Namespace: now.GetNamespace(), Name: now.GetName(), Who: after[key].who, What: after[key].what, Status: true,
		})
	}
	l.writeAll(events...)
}

// lines says what holds of an object: numbers and conditions of its status, and of
// a Pod its phase and the states of its containers.
func lines(object *unstructured.Unstructured) map[string]line {
	result := map[string]line{}
	add := func(key, who string, words ...string) {
		words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
		result[key] = line{who, strings.Join(words, " ")}
	}
	if object.GetDeletionTimestamp() != nil {
		add("deletion", who(object), "is terminating")
	}
	if object.GetKind() == "Pod" {
		var pod corev1.Pod
		if kuberuntime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod) == nil {
			podLines(&pod, add)
		}
		return result
	}
	status, _, _ := unstructured.NestedMap(object.Object, "status")
	for field, value := range status {
		if number, ok := value.(int64); ok && field != "observedGeneration" {
			add(field, who(object), field, fmt.Sprint(number))
		}
	}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		condition, _ := item.(map[string]any)
		text := func(field string) string { value, _ := condition[field].(string); return value }
		add("condition "+text("type"), who(object), "has", text("type"), text("status"), text("reason"))
	}
	return result
}

func podLines(pod *corev1.Pod, add func(key, who string, words ...string)) {
	status := pod.Status
	add("phase", "pod", "is", string(status.Phase), status.Reason)
	add("class", "pod", "has", "QOSClass", string(status.QOSClass))
	for _, condition := range status.Conditions {
		add("condition "+string(condition.Type), "pod", "has", string(condition.Type), string(condition.Status), condition.Reason)
	}
	containers := slices.Concat(status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses)
	for _, container := range containers {
		not := func(holds bool, word string) string {
			if holds {
				return "is " + word
			}
			return "is not " + word
		}
		add("ready "+container.Name, container.Name, not(container.Ready, "ready"))
		add("started "+container.Name, container.Name, not(container.Started != nil && *container.Started, "started"))
		if container.RestartCount > 0 {
			add("restarts "+container.Name, container.Name, "counts", fmt.Sprint(container.RestartCount), "restarts")
		}
		switch state := container.State; {
		case state.Waiting != nil:
			add("state "+container.Name, container.Name, "waits", state.Waiting.Reason)
		case state.Running != nil:
			add("state "+container.Name, container.Name, "runs now")
		case state.Terminated != nil:
			add("state "+container.Name, container.Name, "has ended", fmt.Sprint(state.Terminated.ExitCode), state.Terminated.Reason)
		}
	}
}
