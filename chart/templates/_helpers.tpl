{{/*
Helpers, all called with the root context unless said otherwise:
  ocr-backend.name, .fullname            names
  ocr-backend.labels, .selectorLabels    labels of the operator's objects; global.commonLabels are among the first
  ocr-backend.componentLabels, .componentSelector    (dict "root" $ "component" …) the same of another component
  ocr-backend.serviceAccountName         name of the operator's ServiceAccount
  ocr-backend.backendsName               name of the ConfigMap that holds and owns `backends`
  ocr-backend.image                      (dict "root" $ "image" values) full reference of an image
  ocr-backend.variantUrl                 (dict "root" $ "name" of an OCRBackend "language" … "modelType" …) where it answers
  ocr-backend.testPolicy                 when the objects of `helm test` are deleted
  ocr-backend.namespaces                 JSON list of the watched namespaces, for allNamespaces []
  ocr-backend.rules                      rules of the operator's Role or ClusterRole
*/}}

{{- define "ocr-backend.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ocr-backend.fullname" -}}
{{- $name := include "ocr-backend.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" }}
{{- end }}
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
{{- required "operator.serviceAccount.name is needed when operator.serviceAccount.create is false" .Values.operator.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "ocr-backend.image" -}}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}
{{- .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default .root.Chart.AppVersion .image.tag }}{{ end }}
{{- end }}

{{- define "ocr-backend.testPolicy" -}}
{{- /* Helm 3 deletes what has succeeded before it prints the logs of it (`helm test --logs`). */ -}}
before-hook-creation{{ if semverCompare ">=4.0.0-0" .Capabilities.HelmVersion.Version }},hook-succeeded{{ end }}
{{- end }}

{{- define "ocr-backend.variantUrl" -}}
{{- /* Made by the operator: the Service's name and port stand in its names.py. */ -}}
http://{{ .name }}-{{ .language | default "" | replace "_" "-" }}-{{ .modelType }}.{{ .root.Release.Namespace }}.svc:9090
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
# Where the API server guards blockOwnerDeletion (OpenShift does), children can be made with this only.
- apiGroups: [ocrbackend.io]
  resources: [ocrbackends/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# What fetches models: made anew where its pod has to change, for that cannot be changed.
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
# Never deleted by the operator: models outlive changes of the spec and go with the OCRBackend.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# Its own Events count, so they are read before they are written; those of pods and claims tell why one waits.
- apiGroups: [""]
  resources: [events]
  verbs: [get, list, create, patch]
{{- end }}
