// Command controller-runtime is a validating webhook as most teams write theirs: controller-runtime's server and decoder, and one
// check in Go, that no two containers of a Pod have the same port. bench/load holds podgate against it.
//
//	controller-runtime PORT CERT_DIR
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// decodes reads the objects that a rule about changes needs, too: the new one, and the old one of an update.
func decodes(decoder admission.Decoder, request admission.Request) (*corev1.PodSpec, error) {
	if request.Kind.Kind == "Deployment" {
		var deployment, old appsv1.Deployment
		if len(request.OldObject.Raw) > 0 {
			if err := decoder.DecodeRaw(request.OldObject, &old); err != nil {
				return nil, err
			}
		}
		return &deployment.Spec.Template.Spec, decoder.Decode(request, &deployment)
	}
	var pod, old corev1.Pod
	if len(request.OldObject.Raw) > 0 {
		if err := decoder.DecodeRaw(request.OldObject, &old); err != nil {
			return nil, err
		}
	}
	return &pod.Spec, decoder.Decode(request, &pod)
}

func judge(decoder admission.Decoder) admission.HandlerFunc {
	return func(_ context.Context, request admission.Request) admission.Response {
		spec, err := decodes(decoder, request)
		if err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		taken := map[string]string{}
		for _, container := range spec.Containers {
			for _, port := range container.Ports {
				key := fmt.Sprintf("%d/%s", port.ContainerPort, port.Protocol)
				if other, found := taken[key]; found && other != container.Name {
					return admission.Denied(fmt.Sprintf("containers %s and %s have port %s", other, container.Name, key))
				}
				taken[key] = container.Name
			}
		}
		return admission.Allowed("")
	}
}

func main() {
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		panic(err)
	}
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: os.Args[2]})
	server.Register("/validate", &webhook.Admission{Handler: judge(admission.NewDecoder(scheme))})
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := server.Start(stop); err != nil {
		panic(err)
	}
}
