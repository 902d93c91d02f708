package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	critest "k8s.io/cri-api/pkg/apis/testing"
	remote "k8s.io/cri-client/pkg"
	"k8s.io/utils/exec"
)

// runtime is a container runtime that plays scripts. The fake keeps the records
// of sandboxes and containers; what happens to them is decided here.
type runtime struct {
	*critest.FakeRuntimeService
	log *eventLog

	mutex     sync.Mutex
	processes map[string]*process // by the container's id
	runs      map[string]uint32   // by the Pod's uid and the container's name
	addresses int
}

func newRuntime(log *eventLog) *runtime {
	return &runtime{
		FakeRuntimeService: critest.NewFakeRuntimeService(), log: log,
		processes: map[string]*process{}, runs: map[string]uint32{},
	}
}

// process is one run of a container.
type process struct {
	log                  *eventLog
	namespace, pod, name string
	attempt              uint32
	script               *script
	address              string
	started, terminated  time.Time
	once                 sync.Once
	ended                chan struct{}
	finish               func(code int32)
	close                []func()
}

func (p *process) write(format string, args ...any) {
	p.log.write(p.namespace, p.pod, p.name, format, args...)
}

func (r *runtime) Status(context.Context, bool) (*runtimeapi.StatusResponse, error) {
	conditions := []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true},
		{Type: runtimeapi.NetworkReady, Status: true},
	}
	return &runtimeapi.StatusResponse{Status: &runtimeapi.RuntimeStatus{Conditions: conditions}}, nil
}

// unreached is the annotation of a Pod that nobody connects to. It gets an address
// as Pods of a real node have: the API server refuses EndpointSlices with loopback
// addresses.
const unreached = "example.com/unreached"

// RunPodSandbox gives the Pod a loopback address of its own, so that its ports are
// its own too.
func (r *runtime) RunPodSandbox(ctx context.Context, config *runtimeapi.PodSandboxConfig, handler string) (string, error) {
	id, err := r.FakeRuntimeService.RunPodSandbox(ctx, config, handler)
	if err != nil {
		return "", err
	}
	r.mutex.Lock()
	r.addresses++
	network := "127"
	if _, ok := config.Annotations[unreached]; ok {
		network = "10"
	}
	address := fmt.Sprintf("%s.1.%d.%d", network, r.addresses/250, r.addresses%250+1)
	r.mutex.Unlock()
	r.Lock()
	r.Sandboxes[id].Network.Ip = address
	r.Unlock()
	r.log.write(config.Metadata.Namespace, config.Metadata.Name, "pod", "sandbox starts attempt %d", config.Metadata.Attempt)
	return id, nil
}

func (r *runtime) CreateContainer(ctx context.Context, sandbox string, config *runtimeapi.ContainerConfig, pod *runtimeapi.PodSandboxConfig) (string, error) {
	// The kubelet's own count begins again when all containers are restarted.
	r.mutex.Lock()
	key := pod.Metadata.Uid + "/" + config.Metadata.Name
	attempt := r.runs[key]
	r.runs[key]++
	r.mutex.Unlock()
	script, err := parseScript(config.Args, attempt)
	if err != nil {
		r.log.write(pod.Metadata.Namespace, pod.Metadata.Name, config.Metadata.Name, "has no script: %v", err)
		return "", err
	}
	id, err := r.FakeRuntimeService.CreateContainer(ctx, sandbox, config, pod)
	if err != nil {
		return "", err
	}
	p := &process{
		log:       r.log,
		namespace: pod.Metadata.Namespace, pod: pod.Metadata.Name, name: config.Metadata.Name,
		attempt: attempt,
		script:  script,
		ended:   make(chan struct{}),
	}
	r.Lock()
	if record, ok := r.Sandboxes[sandbox]; ok {
		p.address = record.Network.Ip
	}
	r.setResources(id)
	r.Unlock()
	r.mutex.Lock()
	r.processes[id] = p
	r.mutex.Unlock()
	p.write("is created attempt %d", p.attempt)
	return id, nil
}

func (r *runtime) StartContainer(ctx context.Context, id string) error {
	p, err := r.process(id)
	if err != nil {
		return err
	}
	if err := r.FakeRuntimeService.StartContainer(ctx, id); err != nil {
		return err
	}
	p.started = time.Now()
	p.finish = func(code int32) { r.finish(id, p, code) }
	p.write("starts attempt %d", p.attempt)
	if err := p.serve(); err != nil {
		p.write("cannot serve: %v", err)
		p.finish(1)
		return nil
	}
	if exit := p.script.exit; exit != nil {
		time.AfterFunc(exit.after, func() { p.finish(exit.code) })
	}
	return nil
}

// finish ends a process, once.
func (r *runtime) finish(id string, p *process, code int32) {
	p.once.Do(func() {
		for _, close := range p.close {
			close()
		}
		reason := "Completed"
		if code != 0 {
			reason = "Error"
		}
		r.Lock()
		if record, ok := r.Containers[id]; ok {
			record.State = runtimeapi.ContainerState_CONTAINER_EXITED
			record.FinishedAt = time.Now().UnixNano()
			record.ExitCode = code
			record.Reason = reason
		}
		r.Unlock()
		p.write("exits %d attempt %d", code, p.attempt)
		close(p.ended)
	})
}

// StopContainer returns when the container has ended, or the caller gives up,
// which it does where the grace becomes shorter.
func (r *runtime) StopContainer(ctx context.Context, id string, grace int64) error {
	p, err := r.process(id)
	if err != nil {
		return err
	}
	if p.finish == nil { // It was created and never started.
		return r.FakeRuntimeService.StopContainer(ctx, id, grace)
	}
	select {
	case <-p.ended:
		return nil
	default:
	}
	if grace > 0 {
		p.write("gets SIGTERM %d s left attempt %d", grace, p.attempt)
		if p.terminated.IsZero() {
			p.terminated = time.Now()
		}
		select {
		case <-p.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(p.terminated.Add(p.script.stop.after))):
			p.finish(p.script.stop.code)
			return nil
		case <-time.After(seconds(grace)):
		}
	}
	p.write("gets SIGKILL attempt %d", p.attempt)
	p.finish(137)
	return nil
}

func (r *runtime) RemoveContainer(ctx context.Context, id string) error {
	p, err := r.process(id)
	if err == nil && p.finish != nil {
		p.finish(137)
	}
	r.mutex.Lock()
	delete(r.processes, id)
	r.mutex.Unlock()
	return r.FakeRuntimeService.RemoveContainer(ctx, id)
}

// StopPodSandbox ends what still runs in it, as runtimes do.
func (r *runtime) StopPodSandbox(ctx context.Context, sandbox string) error {
	r.Lock()
	var left []string
	for id, record := range r.Containers {
		if record.SandboxID == sandbox && record.State == runtimeapi.ContainerState_CONTAINER_RUNNING {
			left = append(left, id)
		}
	}
	was := r.Sandboxes[sandbox]
	ready := was != nil && was.State == runtimeapi.PodSandboxState_SANDBOX_READY
	r.Unlock()
	for _, id := range left {
		if p, err := r.process(id); err == nil && p.finish != nil {
			p.finish(137)
		}
	}
	if ready {
		r.log.write(was.Metadata.Namespace, was.Metadata.Name, "pod", "sandbox stops attempt %d", was.Metadata.Attempt)
	}
	return r.FakeRuntimeService.StopPodSandbox(ctx, sandbox)
}

// ExecSync runs a probe or a hook: its first word is the name in the script.
func (r *runtime) ExecSync(ctx context.Context, id string, command []string, timeout time.Duration) ([]byte, []byte, error) {
	p, err := r.process(id)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-p.ended: // As containerd says; the kubelet takes it for no answer of a probe.
		return nil, nil, fmt.Errorf("container %q is in %s state", id, runtimeapi.ContainerState_CONTAINER_EXITED)
	default:
	}
	name := command[0]
	check, known, succeeds := p.script.find("exec", name, time.Since(p.started))
	p.write("runs %s attempt %d", name, p.attempt)
	var late <-chan time.Time
	if timeout > 0 {
		late = time.After(timeout)
	}
	code := int32(0)
	select {
	case <-time.After(check.takes):
		switch {
		case !known:
			code = 127
		case !succeeds:
			code = 1
		}
	case <-p.ended: // The kernel ends what runs in the container with it.
		code = 137
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-late:
		p.write("ran %s timeout attempt %d", name, p.attempt)
		return nil, nil, fmt.Errorf("%w: %q timed out after %s", remote.ErrCommandTimedOut, name, timeout)
	}
	p.write("ran %s %d attempt %d", name, code, p.attempt)
	if code != 0 {
		return nil, nil, exec.CodeExitError{Err: fmt.Errorf("command %q exited with %d", name, code), Code: int(code)}
	}
	return nil, nil, nil
}

// UpdateContainerResources resizes a running container in place.
func (r *runtime) UpdateContainerResources(_ context.Context, id string, resources *runtimeapi.ContainerResources) error {
	p, err := r.process(id)
	if err != nil {
		return err
	}
	r.Lock()
	defer r.Unlock()
	record := r.Containers[id]
	if given := resources.GetLinux(); given != nil {
		if record.LinuxResources == nil {
			record.LinuxResources = &runtimeapi.LinuxContainerResources{}
		}
		if given.CpuShares != 0 {
			record.LinuxResources.CpuShares = given.CpuShares
		}
		if given.CpuQuota != 0 {
			record.LinuxResources.CpuQuota, record.LinuxResources.CpuPeriod = given.CpuQuota, given.CpuPeriod
		}
		if given.MemoryLimitInBytes != 0 {
			record.LinuxResources.MemoryLimitInBytes = given.MemoryLimitInBytes
		}
	}
	r.setResources(id)
	p.write("is resized attempt %d", p.attempt)
	return nil
}

// setResources shows the resources that a container has in its status. The fake's
// lock is held.
func (r *runtime) setResources(id string) {
	record := r.Containers[id]
	record.Resources = &runtimeapi.ContainerResources{Linux: record.LinuxResources}
}

func (r *runtime) process(id string) (*process, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	p, ok := r.processes[id]
	if !ok {
		return nil, fmt.Errorf("container %q is not there", id)
	}
	return p, nil
}

// images are pulled at once, but for those that their name describes:
// example.com/missing is never there, and example.com/slow:3s takes 3 seconds.
type images struct {
	critest.FakeImageService
	log    *eventLog
	mutex  sync.Mutex
	pulled map[string]bool
}

func newImages(log *eventLog) *images {
	return &images{log: log, pulled: map[string]bool{}}
}

func (i *images) ImageStatus(_ context.Context, image *runtimeapi.ImageSpec, _ bool) (*runtimeapi.ImageStatusResponse, error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if !i.pulled[image.Image] {
		return &runtimeapi.ImageStatusResponse{}, nil
	}
	return &runtimeapi.ImageStatusResponse{Image: &runtimeapi.Image{Id: image.Image, Spec: image, RepoTags: []string{image.Image}}}, nil
}

func (i *images) PullImage(_ context.Context, image *runtimeapi.ImageSpec, _ *runtimeapi.AuthConfig, pod *runtimeapi.PodSandboxConfig) (string, error) {
	name, tag, _ := strings.Cut(image.Image, ":")
	i.log.write(pod.Metadata.Namespace, pod.Metadata.Name, "pod", "pulls %s", image.Image)
	if strings.HasSuffix(name, "/missing") {
		return "", fmt.Errorf("there is no image %s", image.Image)
	}
	if strings.HasSuffix(name, "/slow") {
		takes, err := time.ParseDuration(tag)
		if err != nil {
			return "", err
		}
		time.Sleep(takes)
	}
	i.mutex.Lock()
	i.pulled[image.Image] = true
	i.mutex.Unlock()
	return image.Image, nil
}
