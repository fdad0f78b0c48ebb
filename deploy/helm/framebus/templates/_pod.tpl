{{/*
What all pods have in common. (dict "root" $ "values" VALUES "component" C "grace" SECONDS), as YAML of a pod's spec.
*/}}
{{- define "framebus.podSettings" -}}
serviceAccountName: {{ include "framebus.fullname" .root }}-{{ .component }}
automountServiceAccountToken: false
{{- /* A Service called framebus-api would set FRAMEBUS_API_PORT, to tcp://…, in every pod of its namespace. */}}
enableServiceLinks: false
securityContext: {{- toYaml (merge (dict) (.podSecurity | default dict) .root.Values.podSecurityContext) | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .selector }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- . | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}

{{- define "framebus.containerSettings" -}}
image: {{ include "framebus.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* A worker's and a capture worker's port of metrics answers while the process lives, and that is all that it says:
a worker that stalls ends itself, and frames that wait are no reason to end it. So nothing but a process that does not
answer at all is restarted, and a new pod counts as ready when it has lived for minReadySeconds. */}}
{{- define "framebus.metricsProbes" -}}
ports: [{name: metrics, containerPort: {{ int .Values.metricsPort }}}]
startupProbe: {httpGet: {path: /metrics, port: metrics}, periodSeconds: 2, failureThreshold: 60}
readinessProbe: {httpGet: {path: /metrics, port: metrics}, periodSeconds: 10, timeoutSeconds: 5}
livenessProbe: {httpGet: {path: /metrics, port: metrics}, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6}
{{- end -}}

{{- define "framebus.command" -}}
command: {{ toJson .Values.image.command }}
{{- end -}}
