{{/*
What has to be so before anything is installed; each fails with a sentence that says what to do. All are called with
the root context and make no text:
  ocr-backend.preconditions          all of them; those that ask the cluster only with `lookups`, and where Helm can ask
*/}}

{{- define "ocr-backend.preconditions" -}}
{{- if .Values.lookups }}
{{- if .Values.crds.install }}
{{- include "ocr-backend.preconditions.crd" . }}
{{- end }}
{{- /* Every namespace has this account: without it Helm renders without a cluster, or the namespace is to be made. */}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" }}
{{- $root := . }}
{{- range $name, $spec := .Values.backends }}
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
{{- $said := .metadata.annotations | default dict }}
{{- $owner := get $said "meta.helm.sh/release-name" }}
{{- $place := get $said "meta.helm.sh/release-namespace" }}
{{- if not (and (eq $owner $.Release.Name) (eq $place $.Release.Namespace)) }}
{{- $whose := ternary (printf "belongs to release %s in namespace %s" $owner $place) "was not installed by Helm" (ne $owner "") }}
{{- /* Of what another program has applied, Helm takes no field unless it is told to. */}}
{{- $more := ternary "" " (and add --force-conflicts to this command)" (ne $owner "") }}
{{- $hand := printf "kubectl label crd %s --overwrite app.kubernetes.io/managed-by=Helm; kubectl annotate crd %s --overwrite meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=%s" $crd $crd $.Release.Name $.Release.Namespace }}
{{- fail (printf "the CustomResourceDefinition %s %s: set crds.install to false, or, where nobody else looks after it, hand it over to this release%s: %s" $crd $whose $more $hand) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ocr-backend.preconditions.claim" -}}
{{- $storage := (.spec.models | default dict).storage | default dict }}
{{- with $storage.existingClaim }}
{{- if not (lookup "v1" "PersistentVolumeClaim" $.root.Release.Namespace .) }}
{{- fail (printf "backends.%s.models.storage.existingClaim: there is no PersistentVolumeClaim %s in namespace %s: make it before, or name another" $.name . $.root.Release.Namespace) }}
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
{{- $place := .root.Release.Namespace }}
{{- $there := lookup "v1" "Secret" $place .name }}
{{- if not $there }}
{{- fail (printf "%s: there is no Secret %s in namespace %s: kubectl create secret generic %s --namespace %s --from-literal=%s=…" .path .name $place .name $place (join "=… --from-literal=" .keys)) }}
{{- end }}
{{- range .keys }}
{{- if not (hasKey ($there.data | default dict) .) }}
{{- fail (printf "%s: Secret %s in namespace %s has no key %s" $.path $.name $place .) }}
{{- end }}
{{- end }}
{{- end }}
