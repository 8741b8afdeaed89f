{{- define "drizzle-fleet.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Short enough for the longest suffix: the name of a CronJob may have 52 characters. */ -}}
{{- define "drizzle-fleet.fullname" -}}
{{- $name := include "drizzle-fleet.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "drizzle-fleet.jobName" -}}
{{- $full := include "drizzle-fleet.fullname" . -}}
{{- ternary (printf "%s-%d" $full (int .Release.Revision)) $full (eq .Values.mode "job") -}}
{{- end -}}

{{- define "drizzle-fleet.manualName" -}}
{{- printf "%s-manual" (include "drizzle-fleet.fullname" .) -}}
{{- end -}}

{{- define "drizzle-fleet.driftName" -}}
{{- printf "%s-drift" (include "drizzle-fleet.fullname" .) -}}
{{- end -}}

{{- /* The labels of Pods. The context is a list: that of the chart, and the component. */ -}}
{{- define "drizzle-fleet.podLabels" -}}
{{- $component := index . 1 -}}
{{- with index . 0 -}}
app.kubernetes.io/name: {{ include "drizzle-fleet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ $component }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The labels of other objects, with the same context. */ -}}
{{- define "drizzle-fleet.labels" -}}
{{- $component := index . 1 -}}
{{- with index . 0 -}}
app.kubernetes.io/name: {{ include "drizzle-fleet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ $component }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end -}}

{{- define "drizzle-fleet.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.repository -}}
{{- fail "image.repository is not set. Set it to the image of your project, which contains its migrations." -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else if $image.tag -}}
{{- printf "%s:%s" $image.repository $image.tag -}}
{{- else -}}
{{- fail "image.tag and image.digest are not set. Set one of them, so that it is certain which migrations run." -}}
{{- end -}}
{{- end -}}

{{- /* Whether the Job of this release runs before the release's own objects are created or changed. */ -}}
{{- define "drizzle-fleet.runsBefore" -}}
{{- if and (eq .Values.mode "hook") (or .Release.IsUpgrade (eq .Values.hooks.install "pre-install")) -}}true{{- end -}}
{{- end -}}
