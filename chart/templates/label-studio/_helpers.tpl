{{/*
The trial of Label Studio; all called with the root context:
  ocr-backend.labelStudio.name      name of its objects
  ocr-backend.labelStudio.url       where it answers inside the cluster
  ocr-backend.labelStudio.secret    YAML map of the Secret's data: what is there already, else made just now
*/}}

{{- define "ocr-backend.labelStudio.name" -}}
{{- include "ocr-backend.fullname" . }}-label-studio
{{- end }}

{{- define "ocr-backend.labelStudio.url" -}}
http://{{ include "ocr-backend.labelStudio.name" . }}.{{ .Release.Namespace }}.svc:8080
{{- end }}

{{- define "ocr-backend.labelStudio.secret" -}}
{{- $there := (lookup "v1" "Secret" .Release.Namespace (include "ocr-backend.labelStudio.name" .)).data | default dict }}
username: {{ $there.username | default (b64enc .Values.labelStudio.username) }}
password: {{ $there.password | default (randAlphaNum 20 | b64enc) }}
{{- /* Of the form of Label Studio's own legacy tokens: 40 hexadecimal digits. */}}
token: {{ $there.token | default (randAlphaNum 40 | sha256sum | trunc 40 | b64enc) }}
{{- end }}
