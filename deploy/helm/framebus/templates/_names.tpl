{{/*
Names. A model, a site and a release may be called what Kubernetes does not take: 63 letters, `_` among them. KEDA puts
`keda-hpa-` before the name of a ScaledObject and makes a label of it, which may have 63 letters, so ours have 52 at most.
*/}}
{{- define "framebus.fullname" -}}
{{- $name := ternary .Release.Name (printf "%s-framebus" .Release.Name) (contains "framebus" .Release.Name) -}}
{{- $name | trunc 30 | trimSuffix "-" -}}
{{- end -}}

{{/* NAME of ours for a thing of the user's: (list $ "inference" "people_counter"). A name that has to be changed gets a
hash of the original, so that `a_b` and `a-b` stay two. */}}
{{- define "framebus.name" -}}
{{- $root := index . 0 -}}{{- $kind := index . 1 -}}{{- $thing := index . 2 -}}
{{- $plain := printf "%s-%s-%s" (include "framebus.fullname" $root) $kind $thing -}}
{{- if and (le (len $plain) 52) (not (contains "_" $plain)) -}}
{{- $plain -}}
{{- else -}}
{{- printf "%s-%s" ($plain | replace "_" "-" | trunc 43 | trimAll "-") (sha256sum $thing | trunc 8) -}}
{{- end -}}
{{- end -}}

{{/* Labels that select: (list $ "inference" (dict "framebus/model" "pose")). Each model and each site has one of its own:
an HPA whose Deployment shares its selector with another reads both and says AmbiguousSelector. */}}
{{- define "framebus.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: framebus
app.kubernetes.io/instance: {{ $root.Release.Name | trunc 63 | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- range $key, $value := index . 2 }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "framebus.labels" -}}
{{- $root := index . 0 -}}
{{ include "framebus.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{/* (dict "root" $ "values" VALUES): a service may have a release of its own, as during an upgrade. */}}
{{- define "framebus.image" -}}
{{- $image := .root.Values.image -}}
{{- if .values.imageTag -}}
{{ $image.repository }}:{{ .values.imageTag }}
{{- else if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}
