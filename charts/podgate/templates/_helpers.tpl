{{/* Labels of every object. */}}
{{- define "podgate.labels" -}}
app.kubernetes.io/name: podgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that select podgate's Pods. */}}
{{- define "podgate.selector" -}}
app.kubernetes.io/name: podgate
{{- end }}

{{- define "podgate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* "true" where podgate calls the API server. */}}
{{- define "podgate.callsApiServer" -}}
{{- if or .Values.gates.enabled .Values.reports.enabled .Values.watch .Values.policy.fromCluster (eq .Values.certificates.mode "managed") }}true{{ end -}}
{{- end }}

{{/* Metadata of a webhook configuration. */}}
{{- define "podgate.webhookMetadata" -}}
name: {{ .Values.clusterName }}
labels:
  {{- include "podgate.labels" . | nindent 2 }}
{{- if eq .Values.certificates.mode "cert-manager" }}
annotations:
  # <namespace>/<Certificate>: its ca.crt becomes caBundle.
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/podgate-serving
{{- end }}
{{- end }}

{{/* Where the API server calls: the root context and the path. */}}
{{- define "podgate.clientConfig" -}}
{{- $root := index . 0 -}}
{{- $certificates := $root.Values.certificates -}}
{{- if and (eq $certificates.mode "secret") $certificates.secret.caBundle -}}
caBundle: {{ $certificates.secret.caBundle | b64enc }}
{{ end -}}
service:
  name: podgate
  namespace: {{ $root.Release.Namespace }}
  path: {{ index . 1 }}
  port: 443
{{- end }}

{{/* podgate must not decide on its own Pods, nor on those that the cluster needs to come up. */}}
{{- define "podgate.namespaceSelector" -}}
{{- with .Values.namespaceSelector.matchLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{ end -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ append .Values.excludedNamespaces .Release.Namespace | uniq | toJson }}
  {{- with .Values.namespaceSelector.matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
