{{/*
Helpers. Call them with the root context unless a dict is shown:
  ocr-backend.name, .fullname            names
  ocr-backend.labels, .selectorLabels    labels of the operator's objects; .labels include global.commonLabels
  ocr-backend.componentLabels, .componentSelector    (dict "root" $ "component" …) the same for another component
  ocr-backend.clientLabels               label of pods that connect to backends, for NetworkPolicies
  ocr-backend.serviceAccountName         name of the operator's ServiceAccount
  ocr-backend.backendsName               name of the ConfigMap that holds and owns `backends`
  ocr-backend.image                      (dict "root" $ "image" values) full reference of an image of this project
  ocr-backend.imageReference             (dict "image" values "tag" default) reference without global.imageRegistry
  ocr-backend.variantUrl                 (dict "root" $ "name" of an OCRBackend "variant" name) URL of a variant
  ocr-backend.podSecurityContext, .securityContext   of pods without settings of their own
  ocr-backend.pullSecrets                the field imagePullSecrets of a pod; empty without any
  ocr-backend.testPolicy                 hook-delete-policy of the objects of `helm test`
  ocr-backend.namespaces                 JSON list of the watched namespaces; [] with allNamespaces
  ocr-backend.rules                      rules of the operator's Role or ClusterRole
*/}}

{{- define "ocr-backend.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "ocr-backend.fullname" -}}
{{- /* The release's name is unique in its namespace. A chart that includes this one adds objects of its own. */}}
{{- $name := .Values.fullnameOverride | default .Release.Name | replace "." "-" }}
{{- if not (or .Values.fullnameOverride (and .Chart.IsRoot (not .Values.nameOverride)) (contains (include "ocr-backend.name" .) $name)) }}
{{- $name = printf "%s-%s" $name (include "ocr-backend.name" .) }}
{{- end }}
{{- /* The name of a Service must start with a letter, and with the longest suffix have at most 63 characters. */}}
{{- if regexMatch "^[0-9]" $name }}{{ $name = printf "ocr-%s" $name }}{{ end }}
{{- if gt (len $name) 40 }}
{{- $name = printf "%s-%s" ($name | trunc 33 | trimSuffix "-") ($name | sha256sum | trunc 6) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "ocr-backend.operatorName" -}}
{{- include "ocr-backend.fullname" . }}-operator
{{- end }}

{{- define "ocr-backend.backendsName" -}}
{{- include "ocr-backend.fullname" . }}-backends
{{- end }}

{{- define "ocr-backend.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ocr-backend.name" . }}-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ocr-backend.componentSelector" -}}
app.kubernetes.io/name: {{ include "ocr-backend.name" .root }}-{{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "ocr-backend.componentLabels" -}}
{{- merge (include "ocr-backend.componentSelector" . | fromYaml) (include "ocr-backend.labels" .root | fromYaml) | toYaml }}
{{- end }}

{{- define "ocr-backend.clientLabels" -}}
ocrbackend.io/client: "true"
{{- end }}

{{- define "ocr-backend.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "ocr-backend.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ocr-backend
{{- end }}

{{- define "ocr-backend.labels" -}}
{{- merge (include "ocr-backend.ownLabels" . | fromYaml) .Values.global.commonLabels | toYaml }}
{{- end }}

{{- define "ocr-backend.serviceAccountName" -}}
{{- if .Values.operator.serviceAccount.create }}
{{- default (include "ocr-backend.operatorName" .) .Values.operator.serviceAccount.name }}
{{- else }}
{{- required "operator.serviceAccount.name is required if operator.serviceAccount.create is false" .Values.operator.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "ocr-backend.image" -}}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}
{{- include "ocr-backend.imageReference" (dict "image" .image "tag" .root.Chart.AppVersion) }}
{{- end }}

{{- define "ocr-backend.imageReference" -}}
{{- .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default .tag .image.tag }}{{ end }}
{{- end }}

{{- define "ocr-backend.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ocr-backend.podSecurityContext" -}}
{{- /* No user: the image has a numeric one, and OpenShift assigns another from the range of the namespace. */ -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ocr-backend.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "ocr-backend.testPolicy" -}}
{{- /* Helm 3 deletes succeeded pods before it prints their logs (`helm test --logs`). */ -}}
before-hook-creation{{ if semverCompare ">=4.0.0-0" .Capabilities.HelmVersion.Version }},hook-succeeded{{ end }}
{{- end }}

{{- define "ocr-backend.variantUrl" -}}
{{- /* The operator creates the Service; its name and port are in ocr_operator/api/names.py. */ -}}
http://{{ .name }}-{{ .variant }}.{{ .root.Release.Namespace }}.svc:9090
{{- end }}

{{- define "ocr-backend.namespaces" -}}
{{- if .Values.operator.watch.allNamespaces }}[]
{{- else }}{{ concat (list .Release.Namespace) .Values.operator.watch.namespaces | uniq | toJson }}
{{- end }}
{{- end }}

{{- define "ocr-backend.rules" -}}
- apiGroups: [ocrbackend.io]
  resources: [ocrbackends]
  verbs: [get, list, watch]
- apiGroups: [ocrbackend.io]
  resources: [ocrbackends/status]
  verbs: [patch]
# Required to create managed objects if the API server enforces blockOwnerDeletion, as OpenShift does.
- apiGroups: [ocrbackend.io]
  resources: [ocrbackends/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# Jobs download models. The pod template of a Job is immutable, so the operator recreates a Job to change it.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, patch, delete]
# No delete: models survive changes of the spec, and garbage collection deletes them with the OCRBackend.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# The operator reads its own Events to increase their count, and Events of pods and claims to find out why they wait.
- apiGroups: [""]
  resources: [events]
  verbs: [get, list, create, patch]
# The claim on the namespace, so that no other release manages it. RBAC cannot restrict create to a resource name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [ocr-operator-claim]
  verbs: [get, update]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- end }}
