{{/*
What every process is told, and the files that it is told of.
(dict "root" $ "own" NAME): the Secret with the Kafka user of this service, if it has one of its own. "volume" is what
its volume is called where a pod has two.
*/}}
{{- define "framebus.kafkaSecret" -}}
{{- .own | default .root.Values.kafka.sasl.secretName -}}
{{- end -}}

{{- define "framebus.environment" -}}
{{- $kafka := .root.Values.kafka -}}
- {name: FRAMEBUS_BOOTSTRAP_SERVERS, value: {{ $kafka.bootstrapServers | quote }}}
- {name: FRAMEBUS_PREFIX, value: {{ $kafka.prefix | quote }}}
- {name: FRAMEBUS_FRAME_LIMIT_BYTES, value: {{ int64 $kafka.frameLimitBytes | quote }}}
- {name: FRAMEBUS_LOG_LEVEL, value: {{ .root.Values.logLevel }}}
- {name: FRAMEBUS_CATALOGUE, value: /etc/framebus/catalogue/catalogue.yaml}
- {name: FRAMEBUS_CACHE, value: {{ .root.Values.inference.cache.path | quote }}}
- {name: FRAMEBUS_SECURITY_PROTOCOL, value: {{ include "framebus.protocol" .root }}}
{{- if $kafka.sasl.enabled }}
- {name: FRAMEBUS_SASL_MECHANISM, value: {{ $kafka.sasl.mechanism }}}
- name: FRAMEBUS_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ include "framebus.kafkaSecret" . }}, key: {{ $kafka.sasl.usernameKey }}}}
- {name: FRAMEBUS_SASL_PASSWORD_FILE, value: /etc/framebus/kafka/password}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.caSecretName }}
- {name: FRAMEBUS_SSL_CA_FILE, value: /etc/framebus/kafka-ca/ca.crt}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.clientSecretName }}
- {name: FRAMEBUS_SSL_CERT_FILE, value: /etc/framebus/kafka-client/tls.crt}
- {name: FRAMEBUS_SSL_KEY_FILE, value: /etc/framebus/kafka-client/tls.key}
{{- end }}
{{- end -}}

{{- define "framebus.protocol" -}}
{{- $kafka := .Values.kafka -}}
{{- ternary (ternary "SASL_SSL" "SASL_PLAINTEXT" $kafka.tls.enabled) (ternary "SSL" "PLAINTEXT" $kafka.tls.enabled) $kafka.sasl.enabled -}}
{{- end -}}

{{- define "framebus.mounts" -}}
{{- $kafka := .root.Values.kafka -}}
- {name: tmp, mountPath: /tmp}
- {name: catalogue, mountPath: /etc/framebus/catalogue, readOnly: true}
{{- if $kafka.sasl.enabled }}
- {name: {{ .volume | default "kafka" }}, mountPath: /etc/framebus/kafka, readOnly: true}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.caSecretName }}
- {name: kafka-ca, mountPath: /etc/framebus/kafka-ca, readOnly: true}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.clientSecretName }}
- {name: kafka-client, mountPath: /etc/framebus/kafka-client, readOnly: true}
{{- end }}
{{- end -}}

{{- define "framebus.volumes" -}}
{{- $kafka := .root.Values.kafka -}}
- {name: tmp, emptyDir: {}}
- {name: catalogue, configMap: {name: {{ include "framebus.fullname" .root }}-catalogue}}
{{- if $kafka.sasl.enabled }}
{{ include "framebus.kafkaVolume" . }}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.caSecretName }}
- name: kafka-ca
  secret: {secretName: {{ $kafka.tls.caSecretName }}, items: [{key: {{ $kafka.tls.caKey }}, path: ca.crt}]}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.clientSecretName }}
- name: kafka-client
  secret: {secretName: {{ $kafka.tls.clientSecretName }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{/* 0440: the group is the pod's fsGroup; a secret that everyone may read is warned of. */}}
{{- define "framebus.kafkaVolume" -}}
- name: {{ .volume | default "kafka" }}
  secret:
    secretName: {{ include "framebus.kafkaSecret" . }}
    defaultMode: 0440
    items: [{key: {{ .root.Values.kafka.sasl.passwordKey }}, path: password}]
{{- end -}}

{{- define "framebus.metricsEnvironment" -}}
- {name: FRAMEBUS_METRICS_HOST, value: 0.0.0.0}
- {name: FRAMEBUS_METRICS_PORT, value: {{ int .Values.metricsPort | quote }}}
{{- with .Values.monitoring.pushgateway }}
- {name: FRAMEBUS_PUSHGATEWAY, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* A hash of what a process reads of the catalogue, so that it is started anew when that changes, and only then: not
for what only says how a model scales, and a worker not for another model's entry. */}}
{{- define "framebus.entriesChecksum" -}}
{{- $entries := list -}}
{{- range . }}{{ $entries = append $entries (omit . "replicas" "fps" "title") }}{{ end -}}
{{- $entries | toJson | sha256sum -}}
{{- end -}}
