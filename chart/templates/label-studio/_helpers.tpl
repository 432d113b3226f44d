{{/*
The trial Label Studio. Call with the root context:
  ocr-backend.labelStudio.name      name of its objects
  ocr-backend.labelStudio.url       its URL inside the cluster
  ocr-backend.labelStudio.secret    YAML map of the Secret's data: existing values are kept, others generated
*/}}

{{- define "ocr-backend.labelStudio.name" -}}
{{- include "ocr-backend.fullname" . }}-label-studio
{{- end }}

{{- define "ocr-backend.labelStudio.url" -}}
http://{{ include "ocr-backend.labelStudio.name" . }}.{{ .Release.Namespace }}.svc:8080
{{- end }}

{{- define "ocr-backend.labelStudio.secret" -}}
{{- $existing := (lookup "v1" "Secret" .Release.Namespace (include "ocr-backend.labelStudio.name" .)).data | default dict }}
username: {{ $existing.username | default (b64enc .Values.labelStudio.username) }}
password: {{ $existing.password | default (randAlphaNum 20 | b64enc) }}
{{- /* The format of Label Studio's legacy tokens: 40 hexadecimal digits. */}}
token: {{ $existing.token | default (randAlphaNum 40 | sha256sum | trunc 40 | b64enc) }}
{{- end }}
