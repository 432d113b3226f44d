{{/*
  ocr-backend.connect.connection   (dict "root" $ "name" of an OCRBackend "variant" name "title" or "project" id) JSON of one
                                   connection for connect_label_studio.py
  ocr-backend.connect.password     (dict "root" $ "name" of an OCRBackend) name of the Secret with its user and password
  ocr-backend.connect.job          (dict "root" $ "name" suffix "connections" list of such JSON "url" of Label Studio
                                   "token" secretKeyRef "password" Secret name) a Job that makes these connections
*/}}

{{- define "ocr-backend.connect.connection" -}}
{{- $url := include "ocr-backend.variantUrl" . }}
{{- merge (dict "url" $url) (pick . "title" "project") | toJson }}
{{- end }}

{{- define "ocr-backend.connect.password" -}}
{{- $spec := get (include "ocr-backend.specs" .root | fromYaml) .name | default dict }}
{{- (($spec.labelStudio | default dict).basicAuthSecretRef | default dict).name | default "" }}
{{- end }}

{{- define "ocr-backend.connect.job" -}}
{{- $image := include "ocr-backend.image" (dict "root" .root "image" .root.Values.backend.image) }}
{{- $hash := list .connections $image .password .url .token | toJson | sha256sum | trunc 8 }}
# A Job is immutable, so a change gives it a new name. It is deleted after it finishes; the next upgrade repeats it.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%s-connect-%s" (include "ocr-backend.fullname" .root | trunc 12 | trimSuffix "-") .name | trunc 52 | trimSuffix "-" }}-{{ $hash }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "ocr-backend.componentLabels" (dict "root" .root "component" "connect") | nindent 4 }}
spec:
  backoffLimit: 10
  ttlSecondsAfterFinished: 600
  template:
    metadata:
      labels:
        {{- include "ocr-backend.componentSelector" (dict "root" .root "component" "connect") | nindent 8 }}
        {{- include "ocr-backend.clientLabels" .root | nindent 8 }}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- include "ocr-backend.podSecurityContext" .root | nindent 8 }}
      {{- include "ocr-backend.pullSecrets" .root | nindent 6 }}
      containers:
        - name: connect
          image: {{ $image }}
          imagePullPolicy: {{ .root.Values.backend.image.pullPolicy }}
          command: [python, /files/connect_label_studio.py, /files/image.png, /files/labeling-config.xml, "1800"]
          args: {{- toYaml .connections | nindent 12 }}
          env:
            - {name: LABEL_STUDIO_URL, value: {{ .url | quote }}}
            - name: LABEL_STUDIO_API_KEY
              valueFrom: {secretKeyRef: {{ .token | toJson }}}
            {{- with .password }}
            - name: BASIC_AUTH_USER
              valueFrom: {secretKeyRef: {name: {{ . }}, key: username}}
            - name: BASIC_AUTH_PASS
              valueFrom: {secretKeyRef: {name: {{ . }}, key: password}}
            {{- end }}
          securityContext: {{- include "ocr-backend.securityContext" .root | nindent 12 }}
          resources:
            requests: {cpu: 10m, memory: 64Mi}
            limits: {memory: 256Mi}
          volumeMounts:
            - {name: files, mountPath: /files, readOnly: true}
      volumes:
        - name: files
          configMap: {name: {{ include "ocr-backend.fullname" .root }}-connect}
{{- end }}
