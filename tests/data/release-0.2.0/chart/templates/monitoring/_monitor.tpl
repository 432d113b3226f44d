{{/*
  ocr-backend.monitorMetadata   (dict "root" $ "monitor" values "name" suffix "labels" name of a helper) metadata
  ocr-backend.endpoint          (dict "monitor" values "relabelings" list) fields of an endpoint, the same in both monitors
  ocr-backend.watched           namespaceSelector of the watched namespaces
  ocr-backend.scrapeAnnotations annotations of the operator's Service; empty unless enabled
*/}}

{{- define "ocr-backend.scrapeAnnotations" -}}
{{- if .Values.metrics.scrapeAnnotations }}
prometheus.io/scrape: "true"
prometheus.io/path: /metrics
prometheus.io/port: "8081"
{{- end }}
{{- end }}

{{- define "ocr-backend.monitorMetadata" -}}
name: {{ include "ocr-backend.fullname" .root }}-{{ .name }}
namespace: {{ .root.Release.Namespace }}
labels: {{- merge (include "ocr-backend.labels" .root | fromYaml) .monitor.labels .root.Values.metrics.additionalLabels | toYaml | nindent 2 }}
{{- with .monitor.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ocr-backend.endpoint" -}}
path: /metrics
interval: {{ .monitor.interval }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
relabelings: {{- concat .relabelings .monitor.relabelings | toYaml | nindent 2 }}
{{- with .monitor.metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ocr-backend.watched" -}}
{{- if .Values.operator.watch.allNamespaces }}
any: true
{{- else }}
matchNames: {{- include "ocr-backend.namespaces" . | fromJsonArray | toYaml | nindent 2 }}
{{- end }}
{{- end }}
