// Package chart holds the Helm chart against the kustomize manifests, by helm and kustomize themselves.
package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	root  = "../../"
	chart = root + "charts/podgate"
)

type object = map[string]any

// What only the chart has: labels by which Helm's users find a release's objects.
var chartLabels = []string{
	"app.kubernetes.io/instance",
	"app.kubernetes.io/managed-by",
	"app.kubernetes.io/version",
	"helm.sh/chart",
}

// What only kustomize has: Helm takes the namespace from its command line.
func onlyKustomize(id string) bool { return strings.HasPrefix(id, "Namespace ") }

// Runs a program that an environment variable names and gives what it prints.
func run(t *testing.T, program string, stdin string, args ...string) (string, error) {
	t.Helper()
	path := os.Getenv(program)
	if path == "" {
		t.Fatalf("%s does not say where the program is: use tests/chart/run", program)
	}
	command := exec.Command(path, args...)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	return string(out), err
}

// What helm renders in a namespace.
func template(t *testing.T, namespace string, values ...string) string {
	t.Helper()
	args := []string{"template", "podgate", chart, "--namespace", namespace}
	for _, file := range values {
		args = append(args, "--values", file)
	}
	out, err := run(t, "HELM", "", args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// What kustomize builds of a folder of manifests, with components.
func kustomize(t *testing.T, folder string, components ...string) string {
	t.Helper()
	return build(t, func(manifests string) object {
		for i, component := range components {
			components[i] = filepath.Join(manifests, component)
		}
		return object{"resources": []string{filepath.Join(manifests, folder)}, "components": components}
	})
}

// What kustomize builds of a kustomization, which is told where the manifests are.
func build(t *testing.T, kustomization func(manifests string) object) string {
	t.Helper()
	here, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Abs(root + "manifests")
	if err != nil {
		t.Fatal(err)
	}
	// It takes no absolute path.
	if manifests, err = filepath.Rel(here, manifests); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(kustomization(manifests))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(here, "kustomization.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), here)
	if err != nil {
		t.Fatal(err)
	}
	out, err := objects.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func documents(text string) []string {
	return strings.Split("\n"+text, "\n---")
}

// The objects of a stream by kind, namespace and name, without what may differ.
func objects(t *testing.T, text string) map[string]object {
	t.Helper()
	objects := map[string]object{}
	for _, document := range documents(text) {
		var object object
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if object == nil {
			continue
		}
		metadata := object["metadata"].(map[string]any)
		labels, _ := metadata["labels"].(map[string]any)
		for _, label := range chartLabels {
			delete(labels, label)
		}
		id := strings.Join([]string{object["kind"].(string), str(metadata["namespace"]), str(metadata["name"])}, " ")
		if onlyKustomize(id) {
			continue
		}
		if _, twice := objects[id]; twice {
			t.Fatalf("%s stands there twice", id)
		}
		// A policy is the same however it is written down, and whatever comments it has.
		if data, _ := object["data"].(map[string]any); data["policy.yaml"] != nil {
			var policy any
			if err := yaml.UnmarshalStrict([]byte(data["policy.yaml"].(string)), &policy); err != nil {
				t.Fatal(err)
			}
			data["policy.yaml"] = policy
		}
		objects[id] = object
	}
	return objects
}

func str(value any) string {
	text, _ := value.(string)
	return text
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	return files
}

func TestLint(t *testing.T) {
	for _, values := range append(glob(t, "values/*.yaml"), chart+"/values.yaml") {
		out, err := run(t, "HELM", "", "lint", "--strict", "--values", values, chart)
		if err != nil || strings.Contains(out, "[WARNING]") {
			t.Errorf("%s: %v\n%s", values, err, out)
		}
	}
}

// The chart renders what kustomize builds.
func TestEqualsKustomize(t *testing.T) {
	for folders, values := range map[string][]string{
		"base":                           {"values/secret.yaml"},
		"base components/cluster-policy": {"values/cluster-policy.yaml"},
		"base components/gates":          {"values/gates.yaml"},
		"base components/reports":        {"values/reports.yaml"},
		"overlays/managed-certs":         {},
		"overlays/cert-manager":          {"values/cert-manager.yaml"},
		"overlays/ha":                    {"values/ha.yaml"},
		"overlays/strict":                {"values/strict.yaml"},
	} {
		t.Run(folders, func(t *testing.T) {
			folders := strings.Fields(folders)
			want, got := objects(t, kustomize(t, folders[0], folders[1:]...)), objects(t, template(t, "podgate", values...))
			if len(want) < 9 {
				t.Fatalf("only %d objects", len(want))
			}
			for id, object := range want {
				if diff := cmp.Diff(object, got[id]); diff != "" {
					t.Errorf("%s: kustomize has what is marked -, the chart what is marked +:\n%s", id, diff)
				}
				delete(got, id)
			}
			for id := range got {
				t.Errorf("%s: only the chart has it", id)
			}
		})
	}
}

// In another namespace nothing is left that names podgate's own.
func TestAnotherNamespace(t *testing.T) {
	for id, object := range objects(t, kustomize(t, "overlays/namespace")) {
		if namespace := strings.Split(id, " ")[1]; namespace == "podgate" {
			t.Errorf("%s stays where it was", id)
		}
		webhooks, _ := object["webhooks"].([]any)
		for _, webhook := range webhooks {
			webhook := webhook.(map[string]any)
			service := webhook["clientConfig"].(map[string]any)["service"].(map[string]any)
			if service["namespace"] != "security" {
				t.Errorf("%s: calls %v", id, service)
			}
			selector, _ := webhook["namespaceSelector"].(map[string]any)
			values := selector["matchExpressions"].([]any)[0].(map[string]any)["values"]
			if diff := cmp.Diff([]any{"kube-system", "kube-node-lease", "security"}, values); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
		if data, _ := object["data"].(map[string]any); data["policy.yaml"] != nil {
			spec := data["policy.yaml"].(map[string]any)["spec"].(map[string]any)
			exempt := spec["exemptions"].(map[string]any)["namespaces"]
			if diff := cmp.Diff([]any{"kube-system", "kube-node-lease", "security"}, exempt); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
		subjects, _ := object["subjects"].([]any)
		for _, subject := range subjects {
			if namespace := subject.(map[string]any)["namespace"]; namespace != "security" {
				t.Errorf("%s: a right of %v", id, namespace)
			}
		}
	}
}

// Whom the policy bounds is the ServiceAccount that has the right. One of another name would be bound by nothing.
func TestBoundServiceAccount(t *testing.T) {
	overlay := build(t, func(manifests string) object {
		text, err := os.ReadFile(root + "manifests/overlays/namespace/kustomization.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var kustomization object
		if err := yaml.UnmarshalStrict(text, &kustomization); err != nil {
			t.Fatal(err)
		}
		kustomization["resources"] = []string{filepath.Join(manifests, "overlays/managed-certs")}
		kustomization["components"] = []string{filepath.Join(manifests, "components/gates")}
		return kustomization
	})
	for namespace, rendered := range map[string]string{
		"elsewhere": template(t, "elsewhere", "values/gates.yaml"),
		"security":  overlay,
	} {
		bound := objects(t, rendered)["ValidatingAdmissionPolicy  podgate-gates-only"]["spec"].(map[string]any)
		condition := bound["matchConditions"].([]any)[0].(map[string]any)["expression"]
		want := `request.userInfo.username == "system:serviceaccount:` + namespace + `:podgate"`
		if diff := cmp.Diff(want, condition); diff != "" {
			t.Errorf("%s: %s", namespace, diff)
		}
	}
}

// The alerts of the chart are those of manifests/monitoring, and the dashboard is the file.
func TestMonitoring(t *testing.T) {
	got := objects(t, template(t, "podgate", "values/everything.yaml"))
	for id, want := range objects(t, kustomize(t, "monitoring")) {
		// How often is a value of the chart's.
		for _, object := range []object{want, got[id]} {
			spec, _ := object["spec"].(map[string]any)
			endpoints, _ := spec["podMetricsEndpoints"].([]any)
			for _, endpoint := range endpoints {
				delete(endpoint.(map[string]any), "interval")
			}
		}
		if diff := cmp.Diff(want["spec"], got[id]["spec"]); diff != "" || want["spec"] == nil {
			t.Errorf("%s:\n%s", id, diff)
		}
	}
	want, err := os.ReadFile(root + "manifests/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	dashboard := got["ConfigMap podgate podgate-dashboard"]["data"].(map[string]any)["podgate.json"].(string)
	if diff := cmp.Diff(strings.TrimSpace(string(want)), strings.TrimSpace(dashboard)); diff != "" {
		t.Error(diff)
	}
}

// Every field that is rendered is one of the API's, and no object is meant for another namespace.
func TestFieldsExist(t *testing.T) {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, values := range glob(t, "values/*.yaml") {
		custom := 0
		rendered := template(t, "elsewhere", values)
		for _, document := range documents(rendered) {
			if _, _, err := decoder.Decode([]byte(document), nil, nil); runtime.IsNotRegisteredError(err) {
				custom++
			} else if err != nil && !runtime.IsMissingKind(err) {
				t.Errorf("%s: %v\n%s", values, err, document)
			}
		}
		if custom > 6 {
			t.Errorf("%s: %d objects of kinds that are not Kubernetes' own", values, custom)
		}
		for id := range objects(t, rendered) {
			if namespace := strings.Split(id, " ")[1]; namespace != "" && namespace != "elsewhere" {
				t.Errorf("%s: %s", values, id)
			}
		}
	}
}

// Values that are not meant are refused, and the message says which.
func TestRefused(t *testing.T) {
	for _, values := range glob(t, "refused/*.yaml") {
		text, err := os.ReadFile(values)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		want, found := strings.CutPrefix(first, "# ")
		if !found {
			t.Fatalf("%s: the first line is not what is expected of the message", values)
		}
		out, err := run(t, "HELM", "", "template", "podgate", chart, "--values", values)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %q is not in %v\n%s", values, want, err, out)
		}
	}
}

// podgate has nothing against its own objects and policies. In a namespace that is not exempt.
func TestPassesPodgate(t *testing.T) {
	for _, values := range append(glob(t, "values/*.yaml"), chart+"/values.yaml") {
		rendered := template(t, "elsewhere", values)
		for _, policy := range [][]string{nil, {"--policy", "strict.yaml"}} {
			args := slices.Concat([]string{"check", "-", "--fail-on", "warn"}, policy)
			if out, err := run(t, "PODGATE", rendered, args...); err != nil {
				t.Errorf("%s: podgate %s: %v\n%s", values, strings.Join(args, " "), err, out)
			}
		}
		// It is judged at all.
		broken := strings.Replace(rendered, "containerPort: 8080", "containerPort: 8443", 1)
		args := []string{"check", "-", "--fail-on", "warn"}
		if out, err := run(t, "PODGATE", broken, args...); err == nil || !strings.Contains(out, "port-conflict") {
			t.Errorf("%s: two ports are the same: %v\n%s", values, err, out)
		}
		config, found := objects(t, rendered)["ConfigMap elsewhere podgate-policy"]
		if found == strings.Contains(rendered, "--policy-from-cluster") {
			t.Errorf("%s: there has to be one policy", values)
		}
		if !found {
			continue
		}
		policy, err := yaml.Marshal(config["data"].(map[string]any)["policy.yaml"])
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "policy.yaml")
		if err := os.WriteFile(file, policy, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "PODGATE", "", "policy", "check", file); err != nil {
			t.Errorf("%s: %v\n%s", values, err, out)
		}
	}
}

// A kind that the policy adds is one that the webhook is asked about.
func TestKindsOfThePolicy(t *testing.T) {
	values := filepath.Join(t.TempDir(), "values.yaml")
	kinds := "policy:\n  spec:\n    kinds:\n    - {group: example.com, kind: Fleet, templates: [spec.pod]}\n" +
		"    - {group: example.org, kind: Search, resource: searches, templates: [spec.pod]}\n"
	if err := os.WriteFile(values, []byte(kinds), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered := template(t, "podgate", values)
	for _, want := range []string{"apiGroups: [\"example.com\"]", "resources: [\"fleets\"]", "resources: [\"searches\"]"} {
		if !strings.Contains(rendered, want) {
			t.Errorf("%s is not in\n%s", want, rendered)
		}
	}
}

func TestNotes(t *testing.T) {
	out, err := run(t, "HELM", "", "install", "podgate", chart, "--dry-run=client", "--namespace", "podgate", "--set", "validatingWebhook.failurePolicy=Fail,replicas=1,certificates.mode=secret")
	for _, part := range []string{"single replica", "wait for the Secret podgate-tls", "kube-system, kube-node-lease, podgate"} {
		if err != nil || !strings.Contains(out, part) {
			t.Errorf("%q is not in %v\n%s", part, err, out)
		}
	}
}
