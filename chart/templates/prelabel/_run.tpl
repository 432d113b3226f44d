{{/*
Helpers for an entry of `prelabel`, all called with (dict "root" $ "name" its key "run" its value):
  ocr-backend.prelabel.check         fails, with the entry's name, on what does not go together
  ocr-backend.prelabel.family        JSON of the entry of `backends` that it names, {} if there is none
  ocr-backend.prelabel.labelStudio   JSON of its labelStudio, with what the entry of `backends` says in places unset
  ocr-backend.prelabel.baseName      name of its CronJob; of its Job with a hash behind
  ocr-backend.prelabel.labels        labels of its pods: nothing that changes without the work changing
*/}}

{{- define "ocr-backend.prelabel.check" -}}
{{- $here := printf "prelabel.%s" .name }}
{{- $backend := .run.backend | default dict }}
{{- if eq (empty .run.backend) (empty .run.builtin) }}
{{- fail (printf "%s needs either backend, a running backend that reads, or builtin, the small models inside the image" $here) }}
{{- end }}
{{- $named := and $backend.name $backend.language $backend.modelType }}
{{- $partly := or $backend.name $backend.language $backend.modelType }}
{{- if and .run.backend (ternary $partly (not $named) (not (empty $backend.url))) }}
{{- fail (printf "%s.backend needs name, language and modelType of a variant, or url in place of all three" $here) }}
{{- end }}
{{- $family := include "ocr-backend.prelabel.family" . | fromJson }}
{{- $variants := list }}
{{- range $family.variants }}{{ $variants = append $variants (printf "%s/%s" .language .modelType) }}{{ end }}
{{- $wanted := printf "%s/%s" ($backend.language | default "") ($backend.modelType | default "") }}
{{- if and $variants (not (has $wanted $variants)) }}
{{- fail (printf "%s.backend: backends.%s has no variant %s; it has %s" $here $backend.name $wanted (join ", " $variants)) }}
{{- end }}
{{- $labelStudio := include "ocr-backend.prelabel.labelStudio" . | fromJson }}
{{- range list "url" "apiKeySecretRef" }}
{{- if not (get $labelStudio .) }}
{{- fail (printf "%s needs labelStudio.%s, its own or that of the entry of backends which reads for it" $here .) }}
{{- end }}
{{- end }}
{{- if and .run.onlyMissing .run.overwriteVersion }}
{{- fail (printf "%s has onlyMissing and overwriteVersion: one leaves out tasks with predictions, the other replaces these; choose one" $here) }}
{{- end }}
{{- $own := include "ocr-backend.prelabel.environment" (dict "root" .root "name" .name "run" (omit .run "extraEnv")) }}
{{- $names := list }}
{{- range fromYamlArray $own }}{{ $names = append $names .name }}{{ end }}
{{- range .run.extraEnv }}
{{- if has .name $names }}
{{- fail (printf "%s.extraEnv must not set %s: other fields of the entry do" $here .name) }}
{{- end }}
{{- end }}
{{- if and .run.timeZone (not .run.schedule) }}
{{- fail (printf "%s.timeZone is that of a schedule: set schedule too, or leave both out" $here) }}
{{- end }}
{{- end }}

{{- define "ocr-backend.prelabel.family" -}}
{{- $name := (.run.backend | default dict).name | default "" }}
{{- get (.root.Values.backends | default dict) $name | default dict | toJson }}
{{- end }}

{{- define "ocr-backend.prelabel.labelStudio" -}}
{{- $family := include "ocr-backend.prelabel.family" . | fromJson }}
{{- merge (deepCopy (.run.labelStudio | default dict)) ($family.labelStudio | default dict) | toJson }}
{{- end }}

{{- define "ocr-backend.prelabel.baseName" -}}
{{- /* 16 + 1 + 30, and of a Job 1 + 8 and its pods' index: 63 characters are the limit. */ -}}
{{- include "ocr-backend.fullname" .root | trunc 16 | trimSuffix "-" }}-{{ .name }}
{{- end }}

{{- define "ocr-backend.prelabel.labels" -}}
app.kubernetes.io/name: {{ include "ocr-backend.name" .root }}-prelabel
app.kubernetes.io/instance: {{ .root.Release.Name }}
ocrbackend.io/prelabel: {{ .name }}
{{- end }}
