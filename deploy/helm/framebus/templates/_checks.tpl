{{/*
What the values' schema cannot say, since it is about two places at once.
*/}}
{{- define "framebus.check" -}}
{{- if not .Values.kafka.bootstrapServers }}{{ fail "kafka.bootstrapServers: expected HOST:PORT of a broker" }}{{ end -}}
{{- if and .Values.kafka.sasl.enabled (not .Values.kafka.sasl.secretName) }}
{{- fail "kafka.sasl.secretName: expected a Secret with username and password, since kafka.sasl.enabled" }}
{{- end -}}
{{- if and .Values.api.enabled (not .Values.api.tokens.secretName) }}
{{- fail "api.tokens.secretName: expected a Secret with a viewer's token; the API opens to no network without one" }}
{{- end -}}
{{- $claimed := list (list "inference" .Values.inference) -}}
{{- range $name, $own := .Values.inference.models }}
{{- $claimed = append $claimed (list (printf "inference.models.%s" $name) (mergeOverwrite (deepCopy $.Values.inference) (deepCopy $own))) -}}
{{- end -}}
{{- range $claimed }}
{{- $cache := (index . 1).cache -}}
{{- if and (eq $cache.kind "claim") (not $cache.claimName) }}
{{- fail (printf "%s.cache.claimName: expected a PersistentVolumeClaim" (index . 0)) }}
{{- end -}}
{{- end -}}
{{- $models := dict -}}
{{- $names := dict -}}
{{- range .Values.models }}
{{- if hasKey $models .name }}{{ fail (printf "models: %s is there twice" .name) }}{{ end -}}
{{- $_ := set $models .name . -}}
{{- $partitions := .partitions | default 12 | int -}}
{{- $most := dig "max" $partitions (.replicas | default dict) | default $partitions | int -}}
{{- $least := dig "min" 1 (.replicas | default dict) | int -}}
{{- if or (gt $least $most) (gt $most $partitions) }}
{{- fail (printf "models: %s: replicas %d to %d: expected min <= max <= partitions, which is %d" .name $least $most $partitions) }}
{{- end -}}
{{- $name := include "framebus.name" (list $ "inference" .name) -}}
{{- if hasKey $names $name }}{{ fail (printf "models: %s and %s would both be called %s" .name (get $names $name) $name) }}{{ end -}}
{{- $_ := set $names $name .name -}}
{{- end -}}
{{- range $target, $own := .Values.sink.targets }}
{{- $values := mergeOverwrite (deepCopy (omit $.Values.sink "targets")) (deepCopy ($own | default dict)) -}}
{{- if not $values.secretName }}
{{- fail (printf "sink.targets.%s.secretName: expected a Secret with the receiver's URL and what to sign with" $target) }}
{{- end -}}
{{- if not $values.models }}{{ fail (printf "sink.targets.%s.models: expected models whose results go out" $target) }}{{ end -}}
{{- range $values.models }}
{{- if not (hasKey $models .) }}
{{- fail (printf "sink.targets.%s.models: %s: expected one of models: %s" $target . (keys $models | sortAlpha | join ", ")) }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $part, $named := dict "inference.models" .Values.inference.models "scaling.models" .Values.scaling.models }}
{{- range $name, $_ := $named }}
{{- if not (hasKey $models $name) }}
{{- fail (printf "%s.%s: expected one of models: %s" $part $name (keys $models | sortAlpha | join ", ")) }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
