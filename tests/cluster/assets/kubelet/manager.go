package main

import (
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/cm"
)

// containerManager is a node without cgroups. What those of Pods are set to is
// remembered, so that a resize in place gets to the runtime.
type containerManager struct {
	cm.ContainerManager
	mutex   sync.Mutex
	cgroups map[types.UID]*cm.ResourceConfig
}

func newContainerManager() cm.ContainerManager {
	return &containerManager{ContainerManager: cm.NewStubContainerManager(), cgroups: map[types.UID]*cm.ResourceConfig{}}
}

func (m *containerManager) NewPodContainerManager() cm.PodContainerManager {
	return &podCgroups{m.ContainerManager.NewPodContainerManager(), m}
}

type podCgroups struct {
	cm.PodContainerManager
	manager *containerManager
}

func (p *podCgroups) GetPodCgroupConfig(pod *v1.Pod, _ v1.ResourceName) (*cm.ResourceConfig, error) {
	p.manager.mutex.Lock()
	defer p.manager.mutex.Unlock()
	return p.cgroup(pod), nil
}

func (p *podCgroups) SetPodCgroupConfig(_ klog.Logger, pod *v1.Pod, given *cm.ResourceConfig) error {
	p.manager.mutex.Lock()
	defer p.manager.mutex.Unlock()
	cgroup := *p.cgroup(pod)
	if given.Memory != nil {
		cgroup.Memory = given.Memory
	}
	if given.CPUShares != nil {
		cgroup.CPUShares = given.CPUShares
	}
	if given.CPUQuota != nil {
		cgroup.CPUQuota = given.CPUQuota
	}
	if given.CPUPeriod != nil {
		cgroup.CPUPeriod = given.CPUPeriod
	}
	p.manager.cgroups[pod.UID] = &cgroup
	return nil
}

// cgroup returns what a Pod's is set to, at first to no limits. The lock is held.
func (p *podCgroups) cgroup(pod *v1.Pod) *cm.ResourceConfig {
	if cgroup, ok := p.manager.cgroups[pod.UID]; ok {
		return cgroup
	}
	return &cm.ResourceConfig{Memory: new(int64), CPUShares: new(uint64), CPUQuota: new(int64), CPUPeriod: new(uint64)}
}
