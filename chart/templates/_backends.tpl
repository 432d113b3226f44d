{{/*
  ocr-backend.specs        YAML map of the OCRBackends of the release as the values state them: `backends`, or else the
                           default backend
  ocr-backend.backends     the same as the API server gets them: presets are resolved, and labelStudio is set to the trial
                           Label Studio if that is enabled
  ocr-backend.state        (dict "root" $ "name" of an OCRBackend) a short state for the notes
*/}}

{{- define "ocr-backend.specs" -}}
{{- $specs := dict }}
{{- range $name, $spec := .Values.backends }}
{{- if $spec }}{{ $_ := set $specs $name $spec }}{{ end }}
{{- end }}
{{- if $specs }}
{{- toYaml $specs }}
{{- else if .Values.defaultBackend.enabled }}
{{- toYaml (dict "ocr" .Values.defaultBackend.spec) }}
{{- else }}{}
{{- end }}
{{- end }}

{{- define "ocr-backend.backends" -}}
{{- $root := . }}
{{- $specs := include "ocr-backend.specs" . | fromYaml }}
{{- range $name, $spec := $specs }}
{{- $shared := $spec.accelerator | default dict }}
{{- if $shared.preset }}
{{- /* Each variant gets its own copy: a variant with another device must not inherit the nodes of this preset. */}}
{{- $_ := unset $spec "accelerator" }}
{{- end }}
{{- $labelStudio := $spec.labelStudio | default dict }}
{{- if and $root.Values.labelStudio.enabled (not $labelStudio.url) }}
{{- $token := include "ocr-backend.labelStudio.token" $root | fromYaml }}
{{- $_ := set $spec "labelStudio" (merge (dict "url" (include "ocr-backend.labelStudio.url" $root) "apiKeySecretRef" $token) $labelStudio) }}
{{- end }}
{{- range $variant := $spec.variants }}
{{- $accelerator := $variant.accelerator | default $shared }}
{{- if $accelerator.preset }}
{{- $preset := get ($root.Values.accelerators | default dict) $accelerator.preset }}
{{- if not $preset }}
{{- fail (printf "backends.%s: accelerator preset %q is not defined in `accelerators`; defined presets: %s" $name $accelerator.preset (keys ($root.Values.accelerators | default dict) | sortAlpha | join ", " | default "none")) }}
{{- end }}
{{- $device := merge (omit $accelerator "preset") (pick $preset "resourceName" "count" "runtimeClassName") }}
{{- $placement := deepCopy ($variant.placement | default $spec.placement | default dict) }}
{{- with $preset.nodeSelector }}
{{- $_ := set $placement "nodeSelector" (merge (dict) ($placement.nodeSelector | default dict) .) }}
{{- end }}
{{- with $preset.tolerations }}
{{- $_ := set $placement "tolerations" (concat ($placement.tolerations | default list) . | uniq) }}
{{- end }}
{{- $_ := set $variant "accelerator" $device }}
{{- if $placement }}
{{- $_ := set $variant "placement" $placement }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $specs }}
{{- end }}

{{- define "ocr-backend.state" -}}
{{- $existing := dict }}
{{- if and .root.Values.lookups (.root.Capabilities.APIVersions.Has "ocrbackend.io/v1alpha1") }}
{{- $existing = lookup "ocrbackend.io/v1alpha1" "OCRBackend" .root.Release.Namespace .name }}
{{- end }}
{{- $ready := dict }}
{{- range ($existing.status | default dict).conditions }}
{{- if eq .type "Ready" }}{{ $ready = . }}{{ end }}
{{- end }}
{{- if not $ready }}being created; a first start downloads the models unless models.source is Builtin
{{- else }}was {{ ternary "ready" (printf "not ready: %s" $ready.reason) (eq $ready.status "True") }} ({{ $existing.status.summary }}) before this change
{{- end }}
{{- end }}
