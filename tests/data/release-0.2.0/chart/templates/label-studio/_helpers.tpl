{{/*
The trial Label Studio. Call with the root context:
  ocr-backend.labelStudio.name         name of its objects
  ocr-backend.labelStudio.url          its URL inside the cluster
  ocr-backend.labelStudio.secretName   name of the Secret with its user, password and token
  ocr-backend.labelStudio.token        secretKeyRef of its token
  ocr-backend.labelStudio.secret       YAML map of the Secret's data: existing values are kept, others generated
*/}}

{{- define "ocr-backend.labelStudio.name" -}}
{{- include "ocr-backend.fullname" . }}-label-studio
{{- end }}

{{- define "ocr-backend.labelStudio.url" -}}
http://{{ include "ocr-backend.labelStudio.name" . }}.{{ .Release.Namespace }}.svc:8080
{{- end }}

{{- define "ocr-backend.labelStudio.secretName" -}}
{{- .Values.labelStudio.existingSecret | default (include "ocr-backend.labelStudio.name" .) }}
{{- end }}

{{- define "ocr-backend.labelStudio.token" -}}
{name: {{ include "ocr-backend.labelStudio.secretName" . }}, key: token}
{{- end }}

{{- define "ocr-backend.labelStudio.secret" -}}
{{- $existing := (lookup "v1" "Secret" .Release.Namespace (include "ocr-backend.labelStudio.name" .)).data | default dict }}
{{- /* Every cluster has this namespace. Without a cluster each rendering would generate another password. */}}
{{- $canGenerate := and .Values.lookups (lookup "v1" "Namespace" "" "default") }}
{{- if not (or $existing.password $canGenerate) }}
{{- fail "labelStudio.existingSecret is required to render the trial without a cluster (helm template, Argo CD) or with lookups: false: create a Secret with the keys username, password and token, and set its name" }}
{{- end }}
username: {{ $existing.username | default (b64enc .Values.labelStudio.username) }}
password: {{ $existing.password | default (randAlphaNum 20 | b64enc) }}
{{- /* The format of Label Studio's legacy tokens: 40 hexadecimal digits. */}}
token: {{ $existing.token | default (randAlphaNum 40 | sha256sum | trunc 40 | b64enc) }}
{{- end }}
