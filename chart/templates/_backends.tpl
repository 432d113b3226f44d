{{/*
  ocr-backend.backends     `backends` as YAML, as the operator gets them: presets replaced by what they stand for,
                           and connected to the trial of Label Studio where there is one
  ocr-backend.state        (dict "root" $ "name" of an OCRBackend) how it is doing, in a few words for the notes
*/}}

{{- define "ocr-backend.backends" -}}
{{- $root := . }}
{{- $specs := deepCopy (.Values.backends | default dict) }}
{{- range $name, $spec := $specs }}
{{- $shared := $spec.accelerator | default dict }}
{{- if $shared.preset }}
{{- /* Each variant gets its own: a variant with another device must not inherit the nodes of this one. */}}
{{- $_ := unset $spec "accelerator" }}
{{- end }}
{{- $studio := $spec.labelStudio | default dict }}
{{- if and $root.Values.labelStudio.enabled (not $studio.url) }}
{{- $token := dict "name" (include "ocr-backend.labelStudio.name" $root) "key" "token" }}
{{- $_ := set $spec "labelStudio" (merge (dict "url" (include "ocr-backend.labelStudio.url" $root) "apiKeySecretRef" $token) $studio) }}
{{- end }}
{{- range $variant := $spec.variants }}
{{- $asked := $variant.accelerator | default $shared }}
{{- if $asked.preset }}
{{- $preset := get ($root.Values.accelerators | default dict) $asked.preset }}
{{- if not $preset }}
{{- fail (printf "backends.%s: there is no accelerator %q in `accelerators`; there are: %s" $name $asked.preset (keys ($root.Values.accelerators | default dict) | sortAlpha | join ", " | default "none")) }}
{{- end }}
{{- $device := merge (omit $asked "preset") (pick $preset "resourceName" "count" "runtimeClassName") }}
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
{{- $there := dict }}
{{- if and .root.Values.lookups (.root.Capabilities.APIVersions.Has "ocrbackend.io/v1alpha1") }}
{{- $there = lookup "ocrbackend.io/v1alpha1" "OCRBackend" .root.Release.Namespace .name }}
{{- end }}
{{- $ready := dict }}
{{- range ($there.status | default dict).conditions }}
{{- if eq .type "Ready" }}{{ $ready = . }}{{ end }}
{{- end }}
{{- if not $ready }}being made; a first start downloads its models unless models.source is Builtin
{{- else }}was {{ ternary "ready" (printf "not ready: %s" $ready.reason) (eq $ready.status "True") }} ({{ $there.status.summary }}) before this change
{{- end }}
{{- end }}
