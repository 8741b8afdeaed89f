{{- /* The variable -> key map of an item of `databases`. */ -}}
{{- define "drizzle-fleet.keys" -}}
{{- if .keys -}}
{{- toYaml .keys -}}
{{- else -}}
{{- dict (default "DATABASE_URI" .env) (default "DATABASE_URI" .key) | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "drizzle-fleet.env" -}}
- name: NODE_ENV
  value: production
{{- range $database := .Values.databases }}
{{- range $variable, $key := include "drizzle-fleet.keys" $database | fromYaml }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $database.existingSecret | quote }}
      key: {{ $key | quote }}
{{- end }}
{{- end }}
{{- with .Values.secretsDir }}
{{- if .existingSecret }}
- name: SECRETS_DIR
  value: {{ .mountPath | quote }}
{{- end }}
{{- end }}
{{- with .Values.tenants }}
- name: TENANTS
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* What the containers that migrate, wait and look for drift have in common. */ -}}
{{- define "drizzle-fleet.container" -}}
image: {{ include "drizzle-fleet.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.command }}
command: {{ toJson . }}
{{- end }}
env:
  {{- include "drizzle-fleet.env" . | nindent 2 }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - name: drizzle-fleet-tmp
    mountPath: /tmp
  {{- with .Values.secretsDir }}
  {{- if .existingSecret }}
  - name: drizzle-fleet-secrets
    mountPath: {{ .mountPath | quote }}
    readOnly: true
  {{- end }}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "drizzle-fleet.volumes" -}}
- name: drizzle-fleet-tmp
  emptyDir: {}
{{- with .Values.secretsDir }}
{{- if .existingSecret }}
- name: drizzle-fleet-secrets
  secret:
    secretName: {{ .existingSecret | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "drizzle-fleet.migrateArgs" -}}
{{- $args := list "migrate" -}}
{{- with .Values.waitForDatabase -}}
{{- $args = concat $args (list "--connect-timeout" .) -}}
{{- end -}}
{{- $args = concat $args (list "--grace" (printf "%ds" (sub (int .Values.terminationGracePeriodSeconds) 10))) -}}
{{- concat $args .Values.args | toJson -}}
{{- end -}}

{{- define "drizzle-fleet.driftArgs" -}}
{{- $args := list "drift" -}}
{{- with .Values.waitForDatabase -}}
{{- $args = concat $args (list "--connect-timeout" .) -}}
{{- end -}}
{{- concat $args .Values.drift.args | toJson -}}
{{- end -}}

{{- /* The specification of the Job that migrates, and of the Jobs that are created from the suspended CronJob. */ -}}
{{- define "drizzle-fleet.migrateJobSpec" -}}
{{- $limits := pick .Values "backoffLimit" "activeDeadlineSeconds" -}}
{{- $job := dict "chart" . "name" "migrate" "component" "migrations" "args" (include "drizzle-fleet.migrateArgs" .) -}}
{{- $final := dict "codes" (list 2 5) "reason" "invalid usage or configuration (2), or a migration's own error (5)" -}}
{{- include "drizzle-fleet.jobSpec" (merge $job (dict "limits" $limits "final" $final)) -}}
{{- end -}}

{{- /* The specification of the Jobs that look for drift. */ -}}
{{- define "drizzle-fleet.driftJobSpec" -}}
{{- $job := dict "chart" . "name" "drift" "component" "drift" "args" (include "drizzle-fleet.driftArgs" .) -}}
{{- $final := dict "codes" (list 2 4) "reason" "invalid usage or configuration (2), or drift was found (4)" -}}
{{- include "drizzle-fleet.jobSpec" (merge $job (dict "limits" .Values.drift "final" $final)) -}}
{{- end -}}

{{- /*
The specification of a Job with one container. The context: the `chart`, the `name` of the container, its `component`,
`args` and `limits`, and the `final` exit codes, with the reason why they are not retried.
*/ -}}
{{- define "drizzle-fleet.jobSpec" -}}
{{- $job := . -}}
{{- with .chart -}}
backoffLimit: {{ $job.limits.backoffLimit }}
{{- if not (kindIs "invalid" $job.limits.activeDeadlineSeconds) }}
activeDeadlineSeconds: {{ $job.limits.activeDeadlineSeconds }}
{{- end }}
podFailurePolicy:
  rules:
    # A Pod that was evicted is replaced, and does not count.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    # A retry cannot help: {{ $job.final.reason }}.
    - action: FailJob
      onExitCodes:
        containerName: {{ $job.name }}
        operator: In
        values: [{{ join ", " $job.final.codes }}]
template:
  metadata:
    labels:
      {{- include "drizzle-fleet.podLabels" (list . $job.component) | nindent 6 }}
    {{- with .Values.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    {{- with .Values.serviceAccountName }}
    serviceAccountName: {{ . | quote }}
    {{- end }}
    {{- with .Values.priorityClassName }}
    priorityClassName: {{ . | quote }}
    {{- end }}
    {{- with .Values.imagePullSecrets }}
    imagePullSecrets:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
    {{- with .Values.podSecurityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    containers:
      - name: {{ $job.name }}
        args: {{ $job.args }}
        {{- include "drizzle-fleet.container" . | nindent 8 }}
    volumes:
      {{- include "drizzle-fleet.volumes" . | nindent 6 }}
    {{- with .Values.nodeSelector }}
    nodeSelector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.tolerations }}
    tolerations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.affinity }}
    affinity:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end -}}
