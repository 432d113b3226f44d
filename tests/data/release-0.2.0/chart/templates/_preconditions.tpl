{{/*
Checks before the install. Each fails with a message that says what to do, and renders nothing:
  ocr-backend.preconditions          all checks; called with the root context. They query the cluster, so they run only
                                     with `lookups`, and only if Helm has a cluster to query
*/}}

{{- define "ocr-backend.preconditions" -}}
{{- if .Values.lookups }}
{{- if .Values.crds.install }}
{{- include "ocr-backend.preconditions.crd" . }}
{{- end }}
{{- /* Every namespace has this ServiceAccount. Without it Helm renders without a cluster, or creates the namespace. */}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" }}
{{- $root := . }}
{{- if and (eq .Values.backendsAs "Objects") (not (.Capabilities.APIVersions.Has "ocrbackend.io/v1alpha1")) }}
{{- fail "backendsAs: Objects requires the CustomResourceDefinition of OCRBackend before the install: apply chart/files/crd-ocrbackend.yaml and set crds.install to false, or keep backendsAs: ConfigMap" }}
{{- end }}
{{- range $name, $spec := include "ocr-backend.specs" . | fromYaml }}
{{- $entry := dict "root" $root "name" $name "spec" $spec }}
{{- include "ocr-backend.preconditions.claim" $entry }}
{{- include "ocr-backend.preconditions.secrets" $entry }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ocr-backend.preconditions.crd" -}}
{{- $crd := "ocrbackends.ocrbackend.io" }}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $crd }}
{{- $annotations := .metadata.annotations | default dict }}
{{- $owner := get $annotations "meta.helm.sh/release-name" }}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" }}
{{- if not (and (eq $owner $.Release.Name) (eq $namespace $.Release.Namespace)) }}
{{- $ownership := ternary (printf "belongs to release %s in namespace %s" $owner $namespace) "was not installed by Helm" (ne $owner "") }}
{{- /* Helm takes over no field that another program applied without this flag. */}}
{{- $force := ternary "" " (and add --force-conflicts to this command)" (ne $owner "") }}
{{- $commands := printf "kubectl label crd %s --overwrite app.kubernetes.io/managed-by=Helm; kubectl annotate crd %s --overwrite meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=%s" $crd $crd $.Release.Name $.Release.Namespace }}
{{- fail (printf "the CustomResourceDefinition %s %s: set crds.install to false; or, if nothing else manages it, transfer it to this release%s: %s" $crd $ownership $force $commands) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ocr-backend.preconditions.claim" -}}
{{- $storage := (.spec.models | default dict).storage | default dict }}
{{- with $storage.claimName }}
{{- if not (lookup "v1" "PersistentVolumeClaim" $.root.Release.Namespace .) }}
{{- fail (printf "backends.%s.models.storage.claimName: PersistentVolumeClaim %s does not exist in namespace %s: create it first, or set another name" $.name . $.root.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ocr-backend.preconditions.secrets" -}}
{{- $labelStudio := .spec.labelStudio | default dict }}
{{- with $labelStudio.apiKeySecretRef }}
{{- include "ocr-backend.preconditions.secret" (dict "root" $.root "path" (printf "backends.%s.labelStudio.apiKeySecretRef" $.name) "name" .name "keys" (list .key)) }}
{{- end }}
{{- with $labelStudio.basicAuthSecretRef }}
{{- include "ocr-backend.preconditions.secret" (dict "root" $.root "path" (printf "backends.%s.labelStudio.basicAuthSecretRef" $.name) "name" .name "keys" (list "username" "password")) }}
{{- end }}
{{- end }}

{{- define "ocr-backend.preconditions.secret" -}}
{{- $namespace := .root.Release.Namespace }}
{{- $existing := lookup "v1" "Secret" $namespace .name }}
{{- if not $existing }}
{{- fail (printf "%s: Secret %s does not exist in namespace %s: create it with kubectl create secret generic %s --namespace %s --from-literal=%s=…" .path .name $namespace .name $namespace (join "=… --from-literal=" .keys)) }}
{{- end }}
{{- range .keys }}
{{- if not (hasKey ($existing.data | default dict) .) }}
{{- fail (printf "%s: Secret %s in namespace %s has no key %s" $.path $.name $namespace .) }}
{{- end }}
{{- end }}
{{- end }}
