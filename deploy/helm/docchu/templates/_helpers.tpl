{{- define "docchu.name" -}}
{{- if contains "docchu" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-docchu{{ end }}
{{- end }}

{{- define "docchu.labels" -}}
app.kubernetes.io/name: docchu
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Which pods: (list context part). */ -}}
{{- define "docchu.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: docchu
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* Labels and annotations of a pod: (list context part). */ -}}
{{- define "docchu.metadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "docchu.selector" . | nindent 2 }}
annotations:
  # Pods are renewed when a setting changes.
  checksum/settings: {{ include (print $root.Template.BasePath "/settings.yaml") $root | sha256sum }}
{{- end }}

{{- /* What the pods of all parts have in common: (list context values-of-the-part). */ -}}
{{- define "docchu.pod" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
automountServiceAccountToken: {{ ne $root.Values.serviceAccountName "" }}
enableServiceLinks: false
{{- with $root.Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  - name: data
    {{- if $root.Values.blobs.claim }}
    persistentVolumeClaim:
      claimName: {{ $root.Values.blobs.claim }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- with $root.Values.models.claim }}
  - name: models
    persistentVolumeClaim:
      claimName: {{ . }}
      readOnly: true
  {{- end }}
  {{- with $root.Values.templates.configMap }}
  - name: templates
    configMap:
      name: {{ . }}
  {{- end }}
{{- end }}

{{- /* What the containers have in common: (list context values-of-the-part image). */ -}}
{{- define "docchu.container" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
image: {{ $root.Values.image.registry }}{{ index . 2 }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml $part.resources | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "docchu.name" $root }}-settings
  {{- with $root.Values.blobs.secret }}
  - secretRef:
      name: {{ . }}
  {{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: data
    mountPath: /data
  {{- if $root.Values.models.claim }}
  - name: models
    mountPath: /models
    readOnly: true
  {{- end }}
  {{- if $root.Values.templates.configMap }}
  - name: templates
    mountPath: /templates
    readOnly: true
  {{- end }}
{{- end }}

{{- define "docchu.store" -}}
- name: DOCCHU_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "redis.secret names the Secret with the store's url" .Values.redis.secret }}
      key: url
{{- end }}

{{- /* A probe that runs in the container: its name. */ -}}
{{- define "docchu.check" -}}
exec:
  command: [python, -m, shared.running.health, {{ . }}]
timeoutSeconds: 15
{{- end }}
