{{/*
What Prometheus is asked of a model. (dict "entry" ENTRY "prometheus" .Values.scaling.prometheus): arrival and ratio.
*/}}
{{- define "framebus.matchers" -}}
{{- range $label, $value := . }},{{ $label }}={{ $value | quote }}{{ end -}}
{{- end -}}

{{- define "framebus.queries" -}}
{{- $more := include "framebus.matchers" .prometheus.labels -}}
{{- $window := .prometheus.window -}}
{{- $model := .entry.name -}}
{{- $arrival := printf `sum(rate(framebus_frames_delivered_total{model=%q%s}[%s]))` $model $more $window -}}
{{- if .entry.follows -}}
{{- /* Capture writes no frames for a second stage: its frames are the crops that its leader's workers make. */ -}}
{{- $arrival = printf `sum(rate(framebus_crops_total{follower=%q,fate="delivered"%s}[%s]))` $model $more $window -}}
{{- end -}}
{{- /* A model that no camera has, or whose leader has no worker, has no such series: that is 0 as long as any of our
services is seen at all. */ -}}
{{- $seen := printf `0 * sum(framebus_build_info{service="capture"%s})` $more -}}
{{- $all := printf `sum(rate(framebus_frames_processed_total{model=%q%s}[%s]))` $model $more $window -}}
{{- $inferred := printf `sum(rate(framebus_frames_processed_total{model=%q,outcome="inferred"%s}[%s]))` $model $more $window -}}
arrival: {{ printf "%s or %s" $arrival $seen | toJson }}
{{- /* A ratio of 1 is at its target, and the autoscaler would keep for ever what there is: nothing skipped is 0. */}}
ratio: {{ printf "%s / (%s > 0) > 1.1 or vector(0)" $all $inferred | toJson }}
{{- end -}}
