{{- /*
Ends with an error if a Secret that the Job needs does not exist. The Pod would wait for it, and Helm would say only that
the time is over. Without a cluster (helm template), nothing can be looked up: every namespace has kube-root-ca.crt.
*/ -}}
{{- define "drizzle-fleet.checkSecrets" -}}
{{- $namespace := .Release.Namespace -}}
{{- if and .Values.hooks.checkSecrets (include "drizzle-fleet.runsBefore" .) (lookup "v1" "ConfigMap" $namespace "kube-root-ca.crt") -}}
{{- range $database := .Values.databases -}}
{{- $name := $database.existingSecret -}}
{{- $secret := lookup "v1" "Secret" $namespace $name -}}
{{- if not $secret -}}
{{- include "drizzle-fleet.missingSecret" (list $name $namespace) -}}
{{- end -}}
{{- range $variable, $key := include "drizzle-fleet.keys" $database | fromYaml -}}
{{- if not (hasKey (default dict $secret.data) $key) -}}
{{- fail (printf "the Secret %s in the namespace %s has no key %s, which the migrations need for %s. Add it, then run the same command again." $name $namespace $key $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.secretsDir.existingSecret -}}
{{- if not (lookup "v1" "Secret" $namespace .) -}}
{{- include "drizzle-fleet.missingSecret" (list . $namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "drizzle-fleet.missingSecret" -}}
{{- $name := index . 0 -}}
{{- $namespace := index . 1 -}}
{{- fail (printf "the Secret %s does not exist in the namespace %s, and migrations run before this release could create it. Create it first, then run the same command again. If another hook creates it, set hooks.checkSecrets=false." $name $namespace) -}}
{{- end -}}
