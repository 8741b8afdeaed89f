{{- /*
For the application's chart: an init container that waits until every target is migrated. Include it with the context of
this chart, and include its volumes:

      initContainers:
        {{- include "drizzle-fleet.waitContainer" .Subcharts.migrations | nindent 8 }}
      volumes:
        {{- include "drizzle-fleet.volumes" .Subcharts.migrations | nindent 8 }}
*/ -}}
{{- define "drizzle-fleet.waitContainer" -}}
{{- $args := list "wait" "--timeout" .Values.initContainer.timeout -}}
- name: wait-for-migrations
  args: {{ concat $args .Values.initContainer.args | toJson }}
  {{- include "drizzle-fleet.container" . | nindent 2 }}
{{- end -}}
