{{/*
Helpers for a `prelabel` entry. Call them with (dict "root" $ "name" its key "run" its value):
  ocr-backend.prelabel.check         fails with the entry's name if its fields contradict each other
  ocr-backend.prelabel.backend       JSON of the `backends` entry that it names; {} if it names none
  ocr-backend.prelabel.labelStudio   JSON of its labelStudio; unset fields come from that `backends` entry
  ocr-backend.prelabel.baseName      name of its CronJob; its Job appends a hash
  ocr-backend.prelabel.labels        labels of its pods: none that change while the work stays the same
*/}}

{{- define "ocr-backend.prelabel.check" -}}
{{- $path := printf "prelabel.%s" .name }}
{{- $backend := .run.backend | default dict }}
{{- if eq (empty .run.backend) (empty .run.builtin) }}
{{- fail (printf "%s: set either backend (a running backend) or builtin (the builtin models in the image)" $path) }}
{{- end }}
{{- $isComplete := and $backend.name $backend.variant }}
{{- $isPartial := or $backend.name $backend.variant }}
{{- if and .run.backend (ternary $isPartial (not $isComplete) (not (empty $backend.url))) }}
{{- fail (printf "%s.backend: set name and variant, or only url" $path) }}
{{- end }}
{{- $entry := include "ocr-backend.prelabel.backend" . | fromJson }}
{{- $variants := list }}
{{- range $entry.variants }}{{ $variants = append $variants .name }}{{ end }}
{{- if and $variants (not (has $backend.variant $variants)) }}
{{- fail (printf "%s.backend: OCRBackend %s has no variant %s; it has %s" $path $backend.name $backend.variant (join ", " $variants)) }}
{{- end }}
{{- $labelStudio := include "ocr-backend.prelabel.labelStudio" . | fromJson }}
{{- range list "url" "apiKeySecretRef" }}
{{- if not (get $labelStudio .) }}
{{- fail (printf "%s: labelStudio.%s is required; set it here or in the entry of backends" $path .) }}
{{- end }}
{{- end }}
{{- if and .run.onlyMissing .run.overwriteVersion }}
{{- fail (printf "%s: set only one of onlyMissing and overwriteVersion; onlyMissing skips tasks with predictions, overwriteVersion replaces predictions" $path) }}
{{- end }}
{{- $environment := include "ocr-backend.prelabel.environment" (dict "root" .root "name" .name "run" (omit .run "extraEnv")) }}
{{- $names := list }}
{{- range fromYamlArray $environment }}{{ $names = append $names .name }}{{ end }}
{{- range .run.extraEnv }}
{{- if has .name $names }}
{{- fail (printf "%s.extraEnv: remove %s; other fields of the entry set it" $path .name) }}
{{- end }}
{{- end }}
{{- if and .run.timeZone (not .run.schedule) }}
{{- fail (printf "%s.timeZone requires schedule: set both or neither" $path) }}
{{- end }}
{{- end }}

{{- define "ocr-backend.prelabel.backend" -}}
{{- $name := (.run.backend | default dict).name | default "" }}
{{- get (include "ocr-backend.specs" .root | fromYaml) $name | default dict | toJson }}
{{- end }}

{{- define "ocr-backend.prelabel.labelStudio" -}}
{{- $entry := include "ocr-backend.prelabel.backend" . | fromJson }}
{{- merge (deepCopy (.run.labelStudio | default dict)) ($entry.labelStudio | default dict) | toJson }}
{{- end }}

{{- define "ocr-backend.prelabel.baseName" -}}
{{- /* At most 63 characters: 16 + 1 + 30, plus 1 + 8 for a Job and the index of its pods. */ -}}
{{- include "ocr-backend.fullname" .root | trunc 16 | trimSuffix "-" }}-{{ .name }}
{{- end }}

{{- define "ocr-backend.prelabel.labels" -}}
app.kubernetes.io/name: {{ include "ocr-backend.name" .root }}-prelabel
app.kubernetes.io/instance: {{ .root.Release.Name }}
ocrbackend.io/prelabel: {{ .name }}
{{- end }}
