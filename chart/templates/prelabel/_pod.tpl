{{/*
The pod of a `prelabel` entry. Call with (dict "root" $ "name" its key "run" its value):
  ocr-backend.prelabel.arguments     JSON list of the command's arguments
  ocr-backend.prelabel.environment   list of its environment variables
  ocr-backend.prelabel.resources     its resources
  ocr-backend.prelabel.limits        the mutable part of a Job's spec
  ocr-backend.prelabel.work          the immutable part of a Job's spec, with the pod template
*/}}

{{- define "ocr-backend.prelabel.arguments" -}}
{{- $run := .run }}
{{- $arguments := list "prelabel" "--project" (toJson $run.project) "--shards" ($run.shards | default 1 | toJson) "--failures" "-" }}
{{- with $run.backend }}
{{- $variant := dict "root" $.root "name" .name "variant" .variant }}
{{- $arguments = concat $arguments (list "--backend" (.url | default (include "ocr-backend.variantUrl" $variant))) }}
{{- end }}
{{- range $field := list "filter" "slice" "parallel" "after" }}
{{- with get $run $field }}{{ $arguments = concat $arguments (list (print "--" $field) (toJson .)) }}{{ end }}
{{- end }}
{{- if $run.onlyMissing }}{{ $arguments = append $arguments "--only-missing" }}{{ end }}
{{- if $run.overwriteVersion }}{{ $arguments = append $arguments "--overwrite-version" }}{{ end }}
{{- toJson $arguments }}
{{- end }}

{{- define "ocr-backend.prelabel.environment" -}}
{{- $labelStudio := include "ocr-backend.prelabel.labelStudio" . | fromJson }}
{{- $server := (include "ocr-backend.prelabel.backend" . | fromJson).server | default dict }}
- {name: LABEL_STUDIO_URL, value: {{ $labelStudio.url | quote }}}
- name: LABEL_STUDIO_API_KEY
  valueFrom: {secretKeyRef: {{ $labelStudio.apiKeySecretRef | toJson }}}
{{- with .run.builtin }}
- {name: OCR_MODEL_SOURCE, value: builtin}
- {name: PADDLEOCR_VERSION, value: PP-OCRv6}
- {name: PADDLEOCR_MODEL_TYPE, value: mobile}
- {name: PADDLEOCR_LANG, value: {{ .language }}}
{{- end }}
{{- with (.run.backend | default dict).basicAuthSecretRef | default $labelStudio.basicAuthSecretRef }}
- name: BASIC_AUTH_USER
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: username}}
- name: BASIC_AUTH_PASS
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: password}}
{{- end }}
{{- with $server.predictTimeoutSeconds }}
- {name: OCR_PREDICT_TIMEOUT, value: {{ toJson . | quote }}}
{{- end }}
{{- if eq (toString $server.verifySSL) "false" }}
- {name: VERIFY_SSL, value: "false"}
{{- end }}
{{- with .run.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ocr-backend.prelabel.resources" -}}
{{- if .run.resources }}{{ toYaml .run.resources }}
{{- else if .run.builtin -}}
requests: {cpu: 500m, memory: 1536Mi}
limits: {memory: 4Gi}
{{- else -}}
requests: {cpu: 100m, memory: 256Mi}
limits: {memory: 512Mi}
{{- end }}
{{- end }}

{{- define "ocr-backend.prelabel.limits" -}}
{{- with pick .run "activeDeadlineSeconds" "ttlSecondsAfterFinished" }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "ocr-backend.prelabel.work" -}}
{{- $image := .root.Values.backend.image }}
{{- $server := (include "ocr-backend.prelabel.backend" . | fromJson).server | default dict -}}
completionMode: Indexed
completions: {{ .run.shards | default 1 }}
parallelism: {{ .run.shards | default 1 }}
backoffLimitPerIndex: {{ hasKey .run "backoffLimitPerIndex" | ternary .run.backoffLimitPerIndex 6 }}
podFailurePolicy:
  rules:
    # Evictions and node drains do not count as failures; the pod is recreated.
    - action: Ignore
      onPodConditions: [{type: DisruptionTarget, status: "True"}]
    # Wrong arguments, settings or token, and models that cannot be loaded: a retry cannot help.
    - action: FailJob
      onExitCodes: {containerName: prelabel, operator: In, values: [2, 3]}
template:
  metadata:
    labels:
      {{- include "ocr-backend.prelabel.labels" . | nindent 6 }}
      {{- include "ocr-backend.clientLabels" .root | nindent 6 }}
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    enableServiceLinks: false
    # Long enough to finish the images in progress within the predict timeout, and to store them.
    terminationGracePeriodSeconds: {{ add ($server.predictTimeoutSeconds | default 90) 30 }}
    securityContext: {{- include "ocr-backend.podSecurityContext" .root | nindent 6 }}
    {{- include "ocr-backend.pullSecrets" .root | nindent 4 }}
    containers:
      - name: prelabel
        image: {{ include "ocr-backend.image" (dict "root" .root "image" $image) }}
        imagePullPolicy: {{ $image.pullPolicy }}
        args: {{- include "ocr-backend.prelabel.arguments" . | fromJsonArray | toYaml | nindent 10 }}
        env: {{- include "ocr-backend.prelabel.environment" . | nindent 10 }}
        securityContext: {{- include "ocr-backend.securityContext" .root | nindent 10 }}
        resources: {{- include "ocr-backend.prelabel.resources" . | nindent 10 }}
        terminationMessagePolicy: FallbackToLogsOnError
        volumeMounts:
          - {name: tmp, mountPath: /tmp}
    volumes:
      - name: tmp
        emptyDir: {sizeLimit: 256Mi}
    {{- with .run.placement }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
