{{/* The pod of the provisioning Job: first the topics, as one Kafka user, then the cameras, as another. */}}
{{- define "framebus.provisioningPod" -}}
{{- $values := .Values.provisioning -}}
{{- $topics := dict "root" $ "own" $values.topicsKafkaSecretName "volume" "kafka" -}}
{{- $cameras := dict "root" $ "own" $values.camerasKafkaSecretName "volume" "kafka-cameras" -}}
{{- include "framebus.podSettings" (dict "root" $ "values" $values "component" "provisioning") }}
restartPolicy: OnFailure
{{- if .Values.cameras }}
initContainers:
  {{- include "framebus.provisioningContainer" (dict "root" $ "name" "topics" "args" (list "topic" "apply") "about" $topics) | nindent 2 }}
containers:
  {{- include "framebus.provisioningContainer" (dict "root" $ "name" "cameras" "args" (list "camera" "apply" "/etc/framebus/cameras/cameras.yaml") "about" $cameras) | nindent 2 }}
{{- else }}
containers:
  {{- include "framebus.provisioningContainer" (dict "root" $ "name" "topics" "args" (list "topic" "apply") "about" $topics) | nindent 2 }}
{{- end }}
volumes:
  {{- include "framebus.volumes" $topics | nindent 2 }}
  {{- if .Values.cameras }}
  - {name: cameras, configMap: {name: {{ include "framebus.fullname" . }}-cameras}}
  {{- if .Values.kafka.sasl.enabled }}
  {{- include "framebus.kafkaVolume" $cameras | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with $values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{- define "framebus.provisioningContainer" -}}
{{- $values := .root.Values.provisioning -}}
- name: {{ .name }}
  {{- include "framebus.containerSettings" (dict "root" .root "values" $values) | nindent 2 }}
  {{- include "framebus.command" .root | nindent 2 }}
  args: {{ toJson .args }}
  env:
    {{- include "framebus.environment" .about | nindent 4 }}
    - {name: FRAMEBUS_REPLICATION_FACTOR, value: {{ int .root.Values.kafka.replicationFactor | quote }}}
    {{- with $values.extraEnv }}{{ toYaml . | nindent 4 }}{{ end }}
  resources: {{- toYaml $values.resources | nindent 4 }}
  volumeMounts:
    {{- include "framebus.mounts" .about | nindent 4 }}
    {{- if eq .name "cameras" }}
    - {name: cameras, mountPath: /etc/framebus/cameras, readOnly: true}
    {{- end }}
    {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}
