//! The fields of a Pod's spec, and of all that it holds.
//!
//! Generated from k8s-openapi, which is generated from the OpenAPI description of Kubernetes: `UPDATE=1 cargo test --workspace` writes it.

use super::fields::Fields;

/// `AWSElasticBlockStoreVolumeSource`.
pub static AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: Fields = Fields {
    name: "AWSElasticBlockStoreVolumeSource",
    known: &[
        ("fsType", None),
        ("partition", None),
        ("readOnly", None),
        ("volumeID", None),
    ],
};

/// `Affinity`.
pub static AFFINITY: Fields = Fields {
    name: "Affinity",
    known: &[
        ("nodeAffinity", Some(&NODE_AFFINITY)),
        ("podAffinity", Some(&POD_AFFINITY)),
        ("podAntiAffinity", Some(&POD_ANTI_AFFINITY)),
    ],
};

/// `AppArmorProfile`.
pub static APP_ARMOR_PROFILE: Fields = Fields {
    name: "AppArmorProfile",
    known: &[
        ("localhostProfile", None),
        ("type", None),
    ],
};

/// `AzureDiskVolumeSource`.
pub static AZURE_DISK_VOLUME_SOURCE: Fields = Fields {
    name: "AzureDiskVolumeSource",
    known: &[
        ("cachingMode", None),
        ("diskName", None),
        ("diskURI", None),
        ("fsType", None),
        ("kind", None),
        ("readOnly", None),
    ],
};

/// `AzureFileVolumeSource`.
pub static AZURE_FILE_VOLUME_SOURCE: Fields = Fields {
    name: "AzureFileVolumeSource",
    known: &[
        ("readOnly", None),
        ("secretName", None),
        ("shareName", None),
    ],
};

/// `CSIVolumeSource`.
pub static CSI_VOLUME_SOURCE: Fields = Fields {
    name: "CSIVolumeSource",
    known: &[
        ("driver", None),
        ("fsType", None),
        ("nodePublishSecretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("readOnly", None),
        ("volumeAttributes", None),
    ],
};

/// `Capabilities`.
pub static CAPABILITIES: Fields = Fields {
    name: "Capabilities",
    known: &[
        ("add", None),
        ("drop", None),
    ],
};

/// `CephFSVolumeSource`.
pub static CEPH_FS_VOLUME_SOURCE: Fields = Fields {
    name: "CephFSVolumeSource",
    known: &[
        ("monitors", None),
        ("path", None),
        ("readOnly", None),
        ("secretFile", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("user", None),
    ],
};

/// `CinderVolumeSource`.
pub static CINDER_VOLUME_SOURCE: Fields = Fields {
    name: "CinderVolumeSource",
    known: &[
        ("fsType", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("volumeID", None),
    ],
};

/// `ClusterTrustBundleProjection`.
pub static CLUSTER_TRUST_BUNDLE_PROJECTION: Fields = Fields {
    name: "ClusterTrustBundleProjection",
    known: &[
        ("labelSelector", Some(&LABEL_SELECTOR)),
        ("name", None),
        ("optional", None),
        ("path", None),
        ("signerName", None),
        ("user", None),
    ],
};

/// `ConfigMapEnvSource`.
pub static CONFIG_MAP_ENV_SOURCE: Fields = Fields {
    name: "ConfigMapEnvSource",
    known: &[
        ("name", None),
        ("optional", None),
    ],
};

/// `ConfigMapKeySelector`.
pub static CONFIG_MAP_KEY_SELECTOR: Fields = Fields {
    name: "ConfigMapKeySelector",
    known: &[
        ("key", None),
        ("name", None),
        ("optional", None),
    ],
};

/// `ConfigMapProjection`.
pub static CONFIG_MAP_PROJECTION: Fields = Fields {
    name: "ConfigMapProjection",
    known: &[
        ("items", Some(&KEY_TO_PATH)),
        ("name", None),
        ("optional", None),
    ],
};

/// `ConfigMapVolumeSource`.
pub static CONFIG_MAP_VOLUME_SOURCE: Fields = Fields {
    name: "ConfigMapVolumeSource",
    known: &[
        ("defaultMode", None),
        ("defaultUser", None),
        ("items", Some(&KEY_TO_PATH)),
        ("name", None),
        ("optional", None),
    ],
};

/// `Container`.
pub static CONTAINER: Fields = Fields {
    name: "Container",
    known: &[
        ("args", None),
        ("command", None),
        ("env", Some(&ENV_VAR)),
        ("envFrom", Some(&ENV_FROM_SOURCE)),
        ("image", None),
        ("imagePullPolicy", None),
        ("lifecycle", Some(&LIFECYCLE)),
        ("livenessProbe", Some(&PROBE)),
        ("name", None),
        ("ports", Some(&CONTAINER_PORT)),
        ("readinessProbe", Some(&PROBE)),
        ("resizePolicy", Some(&CONTAINER_RESIZE_POLICY)),
        ("resources", Some(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", None),
        ("restartPolicyRules", Some(&CONTAINER_RESTART_RULE)),
        ("securityContext", Some(&SECURITY_CONTEXT)),
        ("startupProbe", Some(&PROBE)),
        ("stdin", None),
        ("stdinOnce", None),
        ("terminationMessagePath", None),
        ("terminationMessagePolicy", None),
        ("tty", None),
        ("volumeDevices", Some(&VOLUME_DEVICE)),
        ("volumeMounts", Some(&VOLUME_MOUNT)),
        ("workingDir", None),
    ],
};

/// `ContainerPort`.
pub static CONTAINER_PORT: Fields = Fields {
    name: "ContainerPort",
    known: &[
        ("containerPort", None),
        ("hostIP", None),
        ("hostPort", None),
        ("name", None),
        ("protocol", None),
    ],
};

/// `ContainerResizePolicy`.
pub static CONTAINER_RESIZE_POLICY: Fields = Fields {
    name: "ContainerResizePolicy",
    known: &[
        ("resourceName", None),
        ("restartPolicy", None),
    ],
};

/// `ContainerRestartRule`.
pub static CONTAINER_RESTART_RULE: Fields = Fields {
    name: "ContainerRestartRule",
    known: &[
        ("action", None),
        ("exitCodes", Some(&CONTAINER_RESTART_RULE_ON_EXIT_CODES)),
    ],
};

/// `ContainerRestartRuleOnExitCodes`.
pub static CONTAINER_RESTART_RULE_ON_EXIT_CODES: Fields = Fields {
    name: "ContainerRestartRuleOnExitCodes",
    known: &[
        ("operator", None),
        ("values", None),
    ],
};

/// `DownwardAPIProjection`.
pub static DOWNWARD_API_PROJECTION: Fields = Fields {
    name: "DownwardAPIProjection",
    known: &[
        ("items", Some(&DOWNWARD_API_VOLUME_FILE)),
    ],
};

/// `DownwardAPIVolumeFile`.
pub static DOWNWARD_API_VOLUME_FILE: Fields = Fields {
    name: "DownwardAPIVolumeFile",
    known: &[
        ("fieldRef", Some(&OBJECT_FIELD_SELECTOR)),
        ("mode", None),
        ("path", None),
        ("resourceFieldRef", Some(&RESOURCE_FIELD_SELECTOR)),
        ("user", None),
    ],
};

/// `DownwardAPIVolumeSource`.
pub static DOWNWARD_API_VOLUME_SOURCE: Fields = Fields {
    name: "DownwardAPIVolumeSource",
    known: &[
        ("defaultMode", None),
        ("defaultUser", None),
        ("items", Some(&DOWNWARD_API_VOLUME_FILE)),
    ],
};

/// `EmptyDirVolumeSource`.
pub static EMPTY_DIR_VOLUME_SOURCE: Fields = Fields {
    name: "EmptyDirVolumeSource",
    known: &[
        ("medium", None),
        ("mode", None),
        ("sizeLimit", None),
    ],
};

/// `EnvFromSource`.
pub static ENV_FROM_SOURCE: Fields = Fields {
    name: "EnvFromSource",
    known: &[
        ("configMapRef", Some(&CONFIG_MAP_ENV_SOURCE)),
        ("prefix", None),
        ("secretRef", Some(&SECRET_ENV_SOURCE)),
    ],
};

/// `EnvVar`.
pub static ENV_VAR: Fields = Fields {
    name: "EnvVar",
    known: &[
        ("name", None),
        ("value", None),
        ("valueFrom", Some(&ENV_VAR_SOURCE)),
    ],
};

/// `EnvVarSource`.
pub static ENV_VAR_SOURCE: Fields = Fields {
    name: "EnvVarSource",
    known: &[
        ("configMapKeyRef", Some(&CONFIG_MAP_KEY_SELECTOR)),
        ("fieldRef", Some(&OBJECT_FIELD_SELECTOR)),
        ("fileKeyRef", Some(&FILE_KEY_SELECTOR)),
        ("resourceFieldRef", Some(&RESOURCE_FIELD_SELECTOR)),
        ("secretKeyRef", Some(&SECRET_KEY_SELECTOR)),
    ],
};

/// `EphemeralContainer`.
pub static EPHEMERAL_CONTAINER: Fields = Fields {
    name: "EphemeralContainer",
    known: &[
        ("args", None),
        ("command", None),
        ("env", Some(&ENV_VAR)),
        ("envFrom", Some(&ENV_FROM_SOURCE)),
        ("image", None),
        ("imagePullPolicy", None),
        ("lifecycle", Some(&LIFECYCLE)),
        ("livenessProbe", Some(&PROBE)),
        ("name", None),
        ("ports", Some(&CONTAINER_PORT)),
        ("readinessProbe", Some(&PROBE)),
        ("resizePolicy", Some(&CONTAINER_RESIZE_POLICY)),
        ("resources", Some(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", None),
        ("restartPolicyRules", Some(&CONTAINER_RESTART_RULE)),
        ("securityContext", Some(&SECURITY_CONTEXT)),
        ("startupProbe", Some(&PROBE)),
        ("stdin", None),
        ("stdinOnce", None),
        ("targetContainerName", None),
        ("terminationMessagePath", None),
        ("terminationMessagePolicy", None),
        ("tty", None),
        ("volumeDevices", Some(&VOLUME_DEVICE)),
        ("volumeMounts", Some(&VOLUME_MOUNT)),
        ("workingDir", None),
    ],
};

/// `EphemeralVolumeSource`.
pub static EPHEMERAL_VOLUME_SOURCE: Fields = Fields {
    name: "EphemeralVolumeSource",
    known: &[
        ("volumeClaimTemplate", Some(&PERSISTENT_VOLUME_CLAIM_TEMPLATE)),
    ],
};

/// `EvictionResponder`.
pub static EVICTION_RESPONDER: Fields = Fields {
    name: "EvictionResponder",
    known: &[
        ("name", None),
        ("priority", None),
    ],
};

/// `ExecAction`.
pub static EXEC_ACTION: Fields = Fields {
    name: "ExecAction",
    known: &[
        ("command", None),
    ],
};

/// `FCVolumeSource`.
pub static FC_VOLUME_SOURCE: Fields = Fields {
    name: "FCVolumeSource",
    known: &[
        ("fsType", None),
        ("lun", None),
        ("readOnly", None),
        ("targetWWNs", None),
        ("wwids", None),
    ],
};

/// `FileKeySelector`.
pub static FILE_KEY_SELECTOR: Fields = Fields {
    name: "FileKeySelector",
    known: &[
        ("key", None),
        ("optional", None),
        ("path", None),
        ("volumeName", None),
    ],
};

/// `FlexVolumeSource`.
pub static FLEX_VOLUME_SOURCE: Fields = Fields {
    name: "FlexVolumeSource",
    known: &[
        ("driver", None),
        ("fsType", None),
        ("options", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
    ],
};

/// `FlockerVolumeSource`.
pub static FLOCKER_VOLUME_SOURCE: Fields = Fields {
    name: "FlockerVolumeSource",
    known: &[
        ("datasetName", None),
        ("datasetUUID", None),
    ],
};

/// `GCEPersistentDiskVolumeSource`.
pub static GCE_PERSISTENT_DISK_VOLUME_SOURCE: Fields = Fields {
    name: "GCEPersistentDiskVolumeSource",
    known: &[
        ("fsType", None),
        ("partition", None),
        ("pdName", None),
        ("readOnly", None),
    ],
};

/// `GRPCAction`.
pub static GRPC_ACTION: Fields = Fields {
    name: "GRPCAction",
    known: &[
        ("mode", None),
        ("port", None),
        ("service", None),
    ],
};

/// `GitRepoVolumeSource`.
pub static GIT_REPO_VOLUME_SOURCE: Fields = Fields {
    name: "GitRepoVolumeSource",
    known: &[
        ("directory", None),
        ("repository", None),
        ("revision", None),
    ],
};

/// `GlusterfsVolumeSource`.
pub static GLUSTERFS_VOLUME_SOURCE: Fields = Fields {
    name: "GlusterfsVolumeSource",
    known: &[
        ("endpoints", None),
        ("path", None),
        ("readOnly", None),
    ],
};

/// `HTTPGetAction`.
pub static HTTP_GET_ACTION: Fields = Fields {
    name: "HTTPGetAction",
    known: &[
        ("host", None),
        ("httpHeaders", Some(&HTTP_HEADER)),
        ("path", None),
        ("port", None),
        ("protocol", None),
        ("scheme", None),
    ],
};

/// `HTTPHeader`.
pub static HTTP_HEADER: Fields = Fields {
    name: "HTTPHeader",
    known: &[
        ("name", None),
        ("value", None),
    ],
};

/// `HostAlias`.
pub static HOST_ALIAS: Fields = Fields {
    name: "HostAlias",
    known: &[
        ("hostnames", None),
        ("ip", None),
    ],
};

/// `HostPathVolumeSource`.
pub static HOST_PATH_VOLUME_SOURCE: Fields = Fields {
    name: "HostPathVolumeSource",
    known: &[
        ("path", None),
        ("type", None),
    ],
};

/// `ISCSIVolumeSource`.
pub static ISCSI_VOLUME_SOURCE: Fields = Fields {
    name: "ISCSIVolumeSource",
    known: &[
        ("chapAuthDiscovery", None),
        ("chapAuthSession", None),
        ("fsType", None),
        ("initiatorName", None),
        ("iqn", None),
        ("iscsiInterface", None),
        ("lun", None),
        ("portals", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("targetPortal", None),
    ],
};

/// `ImageVolumeSource`.
pub static IMAGE_VOLUME_SOURCE: Fields = Fields {
    name: "ImageVolumeSource",
    known: &[
        ("pullPolicy", None),
        ("reference", None),
    ],
};

/// `KeyToPath`.
pub static KEY_TO_PATH: Fields = Fields {
    name: "KeyToPath",
    known: &[
        ("key", None),
        ("mode", None),
        ("path", None),
        ("user", None),
    ],
};

/// `LabelSelector`.
pub static LABEL_SELECTOR: Fields = Fields {
    name: "LabelSelector",
    known: &[
        ("matchExpressions", Some(&LABEL_SELECTOR_REQUIREMENT)),
        ("matchLabels", None),
    ],
};

/// `LabelSelectorRequirement`.
pub static LABEL_SELECTOR_REQUIREMENT: Fields = Fields {
    name: "LabelSelectorRequirement",
    known: &[
        ("key", None),
        ("operator", None),
        ("values", None),
    ],
};

/// `Lifecycle`.
pub static LIFECYCLE: Fields = Fields {
    name: "Lifecycle",
    known: &[
        ("postStart", Some(&LIFECYCLE_HANDLER)),
        ("preStop", Some(&LIFECYCLE_HANDLER)),
        ("stopSignal", None),
    ],
};

/// `LifecycleHandler`.
pub static LIFECYCLE_HANDLER: Fields = Fields {
    name: "LifecycleHandler",
    known: &[
        ("exec", Some(&EXEC_ACTION)),
        ("httpGet", Some(&HTTP_GET_ACTION)),
        ("sleep", Some(&SLEEP_ACTION)),
        ("tcpSocket", Some(&TCP_SOCKET_ACTION)),
    ],
};

/// `LocalObjectReference`.
pub static LOCAL_OBJECT_REFERENCE: Fields = Fields {
    name: "LocalObjectReference",
    known: &[
        ("name", None),
    ],
};

/// `ManagedFieldsEntry`.
pub static MANAGED_FIELDS_ENTRY: Fields = Fields {
    name: "ManagedFieldsEntry",
    known: &[
        ("apiVersion", None),
        ("fieldsType", None),
        ("fieldsV1", None),
        ("manager", None),
        ("operation", None),
        ("subresource", None),
        ("time", None),
    ],
};

/// `NFSVolumeSource`.
pub static NFS_VOLUME_SOURCE: Fields = Fields {
    name: "NFSVolumeSource",
    known: &[
        ("path", None),
        ("readOnly", None),
        ("server", None),
    ],
};

/// `NodeAffinity`.
pub static NODE_AFFINITY: Fields = Fields {
    name: "NodeAffinity",
    known: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", Some(&PREFERRED_SCHEDULING_TERM)),
        ("requiredDuringSchedulingIgnoredDuringExecution", Some(&NODE_SELECTOR)),
    ],
};

/// `NodeSelector`.
pub static NODE_SELECTOR: Fields = Fields {
    name: "NodeSelector",
    known: &[
        ("nodeSelectorTerms", Some(&NODE_SELECTOR_TERM)),
    ],
};

/// `NodeSelectorRequirement`.
pub static NODE_SELECTOR_REQUIREMENT: Fields = Fields {
    name: "NodeSelectorRequirement",
    known: &[
        ("key", None),
        ("operator", None),
        ("values", None),
    ],
};

/// `NodeSelectorTerm`.
pub static NODE_SELECTOR_TERM: Fields = Fields {
    name: "NodeSelectorTerm",
    known: &[
        ("matchExpressions", Some(&NODE_SELECTOR_REQUIREMENT)),
        ("matchFields", Some(&NODE_SELECTOR_REQUIREMENT)),
    ],
};

/// `ObjectFieldSelector`.
pub static OBJECT_FIELD_SELECTOR: Fields = Fields {
    name: "ObjectFieldSelector",
    known: &[
        ("apiVersion", None),
        ("fieldPath", None),
    ],
};

/// `ObjectMeta`.
pub static OBJECT_META: Fields = Fields {
    name: "ObjectMeta",
    known: &[
        ("annotations", None),
        ("creationTimestamp", None),
        ("deletionGracePeriodSeconds", None),
        ("deletionTimestamp", None),
        ("finalizers", None),
        ("generateName", None),
        ("generation", None),
        ("labels", None),
        ("managedFields", Some(&MANAGED_FIELDS_ENTRY)),
        ("name", None),
        ("namespace", None),
        ("ownerReferences", Some(&OWNER_REFERENCE)),
        ("resourceVersion", None),
        ("selfLink", None),
        ("uid", None),
    ],
};

/// `OwnerReference`.
pub static OWNER_REFERENCE: Fields = Fields {
    name: "OwnerReference",
    known: &[
        ("apiVersion", None),
        ("blockOwnerDeletion", None),
        ("controller", None),
        ("kind", None),
        ("name", None),
        ("uid", None),
    ],
};

/// `PersistentVolumeClaimSpec`.
pub static PERSISTENT_VOLUME_CLAIM_SPEC: Fields = Fields {
    name: "PersistentVolumeClaimSpec",
    known: &[
        ("accessModes", None),
        ("dataSource", Some(&TYPED_LOCAL_OBJECT_REFERENCE)),
        ("dataSourceRef", Some(&TYPED_OBJECT_REFERENCE)),
        ("resources", Some(&VOLUME_RESOURCE_REQUIREMENTS)),
        ("selector", Some(&LABEL_SELECTOR)),
        ("storageClassName", None),
        ("volumeAttributesClassName", None),
        ("volumeMode", None),
        ("volumeName", None),
    ],
};

/// `PersistentVolumeClaimTemplate`.
pub static PERSISTENT_VOLUME_CLAIM_TEMPLATE: Fields = Fields {
    name: "PersistentVolumeClaimTemplate",
    known: &[
        ("metadata", Some(&OBJECT_META)),
        ("spec", Some(&PERSISTENT_VOLUME_CLAIM_SPEC)),
    ],
};

/// `PersistentVolumeClaimVolumeSource`.
pub static PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: Fields = Fields {
    name: "PersistentVolumeClaimVolumeSource",
    known: &[
        ("claimName", None),
        ("readOnly", None),
    ],
};

/// `PhotonPersistentDiskVolumeSource`.
pub static PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: Fields = Fields {
    name: "PhotonPersistentDiskVolumeSource",
    known: &[
        ("fsType", None),
        ("pdID", None),
    ],
};

/// `PodAffinity`.
pub static POD_AFFINITY: Fields = Fields {
    name: "PodAffinity",
    known: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", Some(&WEIGHTED_POD_AFFINITY_TERM)),
        ("requiredDuringSchedulingIgnoredDuringExecution", Some(&POD_AFFINITY_TERM)),
    ],
};

/// `PodAffinityTerm`.
pub static POD_AFFINITY_TERM: Fields = Fields {
    name: "PodAffinityTerm",
    known: &[
        ("labelSelector", Some(&LABEL_SELECTOR)),
        ("matchLabelKeys", None),
        ("mismatchLabelKeys", None),
        ("namespaceSelector", Some(&LABEL_SELECTOR)),
        ("namespaces", None),
        ("topologyKey", None),
    ],
};

/// `PodAntiAffinity`.
pub static POD_ANTI_AFFINITY: Fields = Fields {
    name: "PodAntiAffinity",
    known: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", Some(&WEIGHTED_POD_AFFINITY_TERM)),
        ("requiredDuringSchedulingIgnoredDuringExecution", Some(&POD_AFFINITY_TERM)),
    ],
};

/// `PodCertificateProjection`.
pub static POD_CERTIFICATE_PROJECTION: Fields = Fields {
    name: "PodCertificateProjection",
    known: &[
        ("certificateChainPath", None),
        ("credentialBundlePath", None),
        ("keyPath", None),
        ("keyType", None),
        ("maxExpirationSeconds", None),
        ("signerName", None),
        ("user", None),
        ("userAnnotations", None),
    ],
};

/// `PodDNSConfig`.
pub static POD_DNS_CONFIG: Fields = Fields {
    name: "PodDNSConfig",
    known: &[
        ("nameservers", None),
        ("options", Some(&POD_DNS_CONFIG_OPTION)),
        ("searches", None),
    ],
};

/// `PodDNSConfigOption`.
pub static POD_DNS_CONFIG_OPTION: Fields = Fields {
    name: "PodDNSConfigOption",
    known: &[
        ("name", None),
        ("value", None),
    ],
};

/// `PodOS`.
pub static POD_OS: Fields = Fields {
    name: "PodOS",
    known: &[
        ("name", None),
    ],
};

/// `PodReadinessGate`.
pub static POD_READINESS_GATE: Fields = Fields {
    name: "PodReadinessGate",
    known: &[
        ("conditionType", None),
    ],
};

/// `PodResourceClaim`.
pub static POD_RESOURCE_CLAIM: Fields = Fields {
    name: "PodResourceClaim",
    known: &[
        ("name", None),
        ("resourceClaimName", None),
        ("resourceClaimTemplateName", None),
    ],
};

/// `PodSchedulingGate`.
pub static POD_SCHEDULING_GATE: Fields = Fields {
    name: "PodSchedulingGate",
    known: &[
        ("name", None),
    ],
};

/// `PodSchedulingGroup`.
pub static POD_SCHEDULING_GROUP: Fields = Fields {
    name: "PodSchedulingGroup",
    known: &[
        ("podGroupName", None),
    ],
};

/// `PodSecurityContext`.
pub static POD_SECURITY_CONTEXT: Fields = Fields {
    name: "PodSecurityContext",
    known: &[
        ("appArmorProfile", Some(&APP_ARMOR_PROFILE)),
        ("fsGroup", None),
        ("fsGroupChangePolicy", None),
        ("runAsGroup", None),
        ("runAsNonRoot", None),
        ("runAsUser", None),
        ("seLinuxChangePolicy", None),
        ("seLinuxOptions", Some(&SE_LINUX_OPTIONS)),
        ("seccompProfile", Some(&SECCOMP_PROFILE)),
        ("supplementalGroups", None),
        ("supplementalGroupsPolicy", None),
        ("sysctls", Some(&SYSCTL)),
        ("windowsOptions", Some(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    ],
};

/// `PodSpec`.
pub static POD_SPEC: Fields = Fields {
    name: "PodSpec",
    known: &[
        ("activeDeadlineSeconds", None),
        ("affinity", Some(&AFFINITY)),
        ("automountServiceAccountToken", None),
        ("containers", Some(&CONTAINER)),
        ("dnsConfig", Some(&POD_DNS_CONFIG)),
        ("dnsPolicy", None),
        ("enableServiceLinks", None),
        ("ephemeralContainers", Some(&EPHEMERAL_CONTAINER)),
        ("evictionResponders", Some(&EVICTION_RESPONDER)),
        ("hostAliases", Some(&HOST_ALIAS)),
        ("hostIPC", None),
        ("hostNetwork", None),
        ("hostPID", None),
        ("hostUsers", None),
        ("hostname", None),
        ("hostnameOverride", None),
        ("imagePullSecrets", Some(&LOCAL_OBJECT_REFERENCE)),
        ("initContainers", Some(&CONTAINER)),
        ("nodeName", None),
        ("nodeSelector", None),
        ("os", Some(&POD_OS)),
        ("overhead", None),
        ("preemptionPolicy", None),
        ("priority", None),
        ("priorityClassName", None),
        ("readinessGates", Some(&POD_READINESS_GATE)),
        ("resourceClaims", Some(&POD_RESOURCE_CLAIM)),
        ("resources", Some(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", None),
        ("runtimeClassName", None),
        ("schedulerName", None),
        ("schedulingGates", Some(&POD_SCHEDULING_GATE)),
        ("schedulingGroup", Some(&POD_SCHEDULING_GROUP)),
        ("securityContext", Some(&POD_SECURITY_CONTEXT)),
        ("serviceAccount", None),
        ("serviceAccountName", None),
        ("setHostnameAsFQDN", None),
        ("shareProcessNamespace", None),
        ("subdomain", None),
        ("terminationGracePeriodSeconds", None),
        ("tolerations", Some(&TOLERATION)),
        ("topologySpreadConstraints", Some(&TOPOLOGY_SPREAD_CONSTRAINT)),
        ("volumes", Some(&VOLUME)),
    ],
};

/// `PortworxVolumeSource`.
pub static PORTWORX_VOLUME_SOURCE: Fields = Fields {
    name: "PortworxVolumeSource",
    known: &[
        ("fsType", None),
        ("readOnly", None),
        ("volumeID", None),
    ],
};

/// `PreferredSchedulingTerm`.
pub static PREFERRED_SCHEDULING_TERM: Fields = Fields {
    name: "PreferredSchedulingTerm",
    known: &[
        ("preference", Some(&NODE_SELECTOR_TERM)),
        ("weight", None),
    ],
};

/// `Probe`.
pub static PROBE: Fields = Fields {
    name: "Probe",
    known: &[
        ("exec", Some(&EXEC_ACTION)),
        ("failureThreshold", None),
        ("grpc", Some(&GRPC_ACTION)),
        ("httpGet", Some(&HTTP_GET_ACTION)),
        ("initialDelaySeconds", None),
        ("periodSeconds", None),
        ("successThreshold", None),
        ("tcpSocket", Some(&TCP_SOCKET_ACTION)),
        ("terminationGracePeriodSeconds", None),
        ("timeoutSeconds", None),
    ],
};

/// `ProjectedVolumeSource`.
pub static PROJECTED_VOLUME_SOURCE: Fields = Fields {
    name: "ProjectedVolumeSource",
    known: &[
        ("defaultMode", None),
        ("defaultUser", None),
        ("sources", Some(&VOLUME_PROJECTION)),
    ],
};

/// `QuobyteVolumeSource`.
pub static QUOBYTE_VOLUME_SOURCE: Fields = Fields {
    name: "QuobyteVolumeSource",
    known: &[
        ("group", None),
        ("readOnly", None),
        ("registry", None),
        ("tenant", None),
        ("user", None),
        ("volume", None),
    ],
};

/// `RBDVolumeSource`.
pub static RBD_VOLUME_SOURCE: Fields = Fields {
    name: "RBDVolumeSource",
    known: &[
        ("fsType", None),
        ("image", None),
        ("keyring", None),
        ("monitors", None),
        ("pool", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("user", None),
    ],
};

/// `ResourceClaim`.
pub static RESOURCE_CLAIM: Fields = Fields {
    name: "ResourceClaim",
    known: &[
        ("name", None),
        ("request", None),
    ],
};

/// `ResourceFieldSelector`.
pub static RESOURCE_FIELD_SELECTOR: Fields = Fields {
    name: "ResourceFieldSelector",
    known: &[
        ("containerName", None),
        ("divisor", None),
        ("resource", None),
    ],
};

/// `ResourceRequirements`.
pub static RESOURCE_REQUIREMENTS: Fields = Fields {
    name: "ResourceRequirements",
    known: &[
        ("claims", Some(&RESOURCE_CLAIM)),
        ("limits", None),
        ("requests", None),
    ],
};

/// `SELinuxOptions`.
pub static SE_LINUX_OPTIONS: Fields = Fields {
    name: "SELinuxOptions",
    known: &[
        ("level", None),
        ("role", None),
        ("type", None),
        ("user", None),
    ],
};

/// `ScaleIOVolumeSource`.
pub static SCALE_IO_VOLUME_SOURCE: Fields = Fields {
    name: "ScaleIOVolumeSource",
    known: &[
        ("fsType", None),
        ("gateway", None),
        ("protectionDomain", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("sslEnabled", None),
        ("storageMode", None),
        ("storagePool", None),
        ("system", None),
        ("volumeName", None),
    ],
};

/// `SeccompProfile`.
pub static SECCOMP_PROFILE: Fields = Fields {
    name: "SeccompProfile",
    known: &[
        ("localhostProfile", None),
        ("type", None),
    ],
};

/// `SecretEnvSource`.
pub static SECRET_ENV_SOURCE: Fields = Fields {
    name: "SecretEnvSource",
    known: &[
        ("name", None),
        ("optional", None),
    ],
};

/// `SecretKeySelector`.
pub static SECRET_KEY_SELECTOR: Fields = Fields {
    name: "SecretKeySelector",
    known: &[
        ("key", None),
        ("name", None),
        ("optional", None),
    ],
};

/// `SecretProjection`.
pub static SECRET_PROJECTION: Fields = Fields {
    name: "SecretProjection",
    known: &[
        ("items", Some(&KEY_TO_PATH)),
        ("name", None),
        ("optional", None),
    ],
};

/// `SecretVolumeSource`.
pub static SECRET_VOLUME_SOURCE: Fields = Fields {
    name: "SecretVolumeSource",
    known: &[
        ("defaultMode", None),
        ("defaultUser", None),
        ("items", Some(&KEY_TO_PATH)),
        ("optional", None),
        ("secretName", None),
    ],
};

/// `SecurityContext`.
pub static SECURITY_CONTEXT: Fields = Fields {
    name: "SecurityContext",
    known: &[
        ("allowPrivilegeEscalation", None),
        ("appArmorProfile", Some(&APP_ARMOR_PROFILE)),
        ("capabilities", Some(&CAPABILITIES)),
        ("privileged", None),
        ("procMount", None),
        ("readOnlyRootFilesystem", None),
        ("runAsGroup", None),
        ("runAsNonRoot", None),
        ("runAsUser", None),
        ("seLinuxOptions", Some(&SE_LINUX_OPTIONS)),
        ("seccompProfile", Some(&SECCOMP_PROFILE)),
        ("windowsOptions", Some(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    ],
};

/// `ServiceAccountTokenProjection`.
pub static SERVICE_ACCOUNT_TOKEN_PROJECTION: Fields = Fields {
    name: "ServiceAccountTokenProjection",
    known: &[
        ("audience", None),
        ("expirationSeconds", None),
        ("path", None),
        ("user", None),
    ],
};

/// `SleepAction`.
pub static SLEEP_ACTION: Fields = Fields {
    name: "SleepAction",
    known: &[
        ("seconds", None),
    ],
};

/// `StorageOSVolumeSource`.
pub static STORAGE_OS_VOLUME_SOURCE: Fields = Fields {
    name: "StorageOSVolumeSource",
    known: &[
        ("fsType", None),
        ("readOnly", None),
        ("secretRef", Some(&LOCAL_OBJECT_REFERENCE)),
        ("volumeName", None),
        ("volumeNamespace", None),
    ],
};

/// `Sysctl`.
pub static SYSCTL: Fields = Fields {
    name: "Sysctl",
    known: &[
        ("name", None),
        ("value", None),
    ],
};

/// `TCPSocketAction`.
pub static TCP_SOCKET_ACTION: Fields = Fields {
    name: "TCPSocketAction",
    known: &[
        ("host", None),
        ("port", None),
    ],
};

/// `Toleration`.
pub static TOLERATION: Fields = Fields {
    name: "Toleration",
    known: &[
        ("effect", None),
        ("key", None),
        ("operator", None),
        ("tolerationSeconds", None),
        ("value", None),
    ],
};

/// `TopologySpreadConstraint`.
pub static TOPOLOGY_SPREAD_CONSTRAINT: Fields = Fields {
    name: "TopologySpreadConstraint",
    known: &[
        ("labelSelector", Some(&LABEL_SELECTOR)),
        ("matchLabelKeys", None),
        ("maxSkew", None),
        ("minDomains", None),
        ("nodeAffinityPolicy", None),
        ("nodeTaintsPolicy", None),
        ("topologyKey", None),
        ("whenUnsatisfiable", None),
    ],
};

/// `TypedLocalObjectReference`.
pub static TYPED_LOCAL_OBJECT_REFERENCE: Fields = Fields {
    name: "TypedLocalObjectReference",
    known: &[
        ("apiGroup", None),
        ("kind", None),
        ("name", None),
    ],
};

/// `TypedObjectReference`.
pub static TYPED_OBJECT_REFERENCE: Fields = Fields {
    name: "TypedObjectReference",
    known: &[
        ("apiGroup", None),
        ("kind", None),
        ("name", None),
        ("namespace", None),
    ],
};

/// `Volume`.
pub static VOLUME: Fields = Fields {
    name: "Volume",
    known: &[
        ("awsElasticBlockStore", Some(&AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE)),
        ("azureDisk", Some(&AZURE_DISK_VOLUME_SOURCE)),
        ("azureFile", Some(&AZURE_FILE_VOLUME_SOURCE)),
        ("cephfs", Some(&CEPH_FS_VOLUME_SOURCE)),
        ("cinder", Some(&CINDER_VOLUME_SOURCE)),
        ("configMap", Some(&CONFIG_MAP_VOLUME_SOURCE)),
        ("csi", Some(&CSI_VOLUME_SOURCE)),
        ("downwardAPI", Some(&DOWNWARD_API_VOLUME_SOURCE)),
        ("emptyDir", Some(&EMPTY_DIR_VOLUME_SOURCE)),
        ("ephemeral", Some(&EPHEMERAL_VOLUME_SOURCE)),
        ("fc", Some(&FC_VOLUME_SOURCE)),
        ("flexVolume", Some(&FLEX_VOLUME_SOURCE)),
        ("flocker", Some(&FLOCKER_VOLUME_SOURCE)),
        ("gcePersistentDisk", Some(&GCE_PERSISTENT_DISK_VOLUME_SOURCE)),
        ("gitRepo", Some(&GIT_REPO_VOLUME_SOURCE)),
        ("glusterfs", Some(&GLUSTERFS_VOLUME_SOURCE)),
        ("hostPath", Some(&HOST_PATH_VOLUME_SOURCE)),
        ("image", Some(&IMAGE_VOLUME_SOURCE)),
        ("iscsi", Some(&ISCSI_VOLUME_SOURCE)),
        ("name", None),
        ("nfs", Some(&NFS_VOLUME_SOURCE)),
        ("persistentVolumeClaim", Some(&PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
        ("photonPersistentDisk", Some(&PHOTON_PERSISTENT_DISK_VOLUME_SOURCE)),
        ("portworxVolume", Some(&PORTWORX_VOLUME_SOURCE)),
        ("projected", Some(&PROJECTED_VOLUME_SOURCE)),
        ("quobyte", Some(&QUOBYTE_VOLUME_SOURCE)),
        ("rbd", Some(&RBD_VOLUME_SOURCE)),
        ("scaleIO", Some(&SCALE_IO_VOLUME_SOURCE)),
        ("secret", Some(&SECRET_VOLUME_SOURCE)),
        ("storageos", Some(&STORAGE_OS_VOLUME_SOURCE)),
        ("vsphereVolume", Some(&VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE)),
    ],
};

/// `VolumeDevice`.
pub static VOLUME_DEVICE: Fields = Fields {
    name: "VolumeDevice",
    known: &[
        ("devicePath", None),
        ("name", None),
    ],
};

/// `VolumeMount`.
pub static VOLUME_MOUNT: Fields = Fields {
    name: "VolumeMount",
    known: &[
        ("bindMountOptions", None),
        ("mountPath", None),
        ("mountPropagation", None),
        ("name", None),
        ("readOnly", None),
        ("recursiveReadOnly", None),
        ("subPath", None),
        ("subPathExpr", None),
    ],
};

/// `VolumeProjection`.
pub static VOLUME_PROJECTION: Fields = Fields {
    name: "VolumeProjection",
    known: &[
        ("clusterTrustBundle", Some(&CLUSTER_TRUST_BUNDLE_PROJECTION)),
        ("configMap", Some(&CONFIG_MAP_PROJECTION)),
        ("downwardAPI", Some(&DOWNWARD_API_PROJECTION)),
        ("podCertificate", Some(&POD_CERTIFICATE_PROJECTION)),
        ("secret", Some(&SECRET_PROJECTION)),
        ("serviceAccountToken", Some(&SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    ],
};

/// `VolumeResourceRequirements`.
pub static VOLUME_RESOURCE_REQUIREMENTS: Fields = Fields {
    name: "VolumeResourceRequirements",
    known: &[
        ("limits", None),
        ("requests", None),
    ],
};

/// `VsphereVirtualDiskVolumeSource`.
pub static VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: Fields = Fields {
    name: "VsphereVirtualDiskVolumeSource",
    known: &[
        ("fsType", None),
        ("storagePolicyID", None),
        ("storagePolicyName", None),
        ("volumePath", None),
    ],
};

/// `WeightedPodAffinityTerm`.
pub static WEIGHTED_POD_AFFINITY_TERM: Fields = Fields {
    name: "WeightedPodAffinityTerm",
    known: &[
        ("podAffinityTerm", Some(&POD_AFFINITY_TERM)),
        ("weight", None),
    ],
};

/// `WindowsSecurityContextOptions`.
pub static WINDOWS_SECURITY_CONTEXT_OPTIONS: Fields = Fields {
    name: "WindowsSecurityContextOptions",
    known: &[
        ("gmsaCredentialSpec", None),
        ("gmsaCredentialSpecName", None),
        ("hostProcess", None),
        ("runAsUserName", None),
    ],
};
