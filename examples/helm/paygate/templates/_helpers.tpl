{{- define "paygate.name" -}}
{{- $name := contains "paygate" .Release.Name | ternary .Release.Name (print .Release.Name "-paygate") }}
{{- $name | trunc 57 | trimSuffix "-" }}
{{- end }}

{{- define "paygate.selector" -}}
app.kubernetes.io/name: paygate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "paygate.labels" -}}
{{ include "paygate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "paygate.capitals" -}}
{{ . | upper | replace "-" "_" }}
{{- end }}

{{- /* The settings that are files: which key of the Secret each of them is. */}}
{{- define "paygate.files" -}}
{{- range $setting, $key := .Values.secretKeys }}
{{- if $key }}
{{ $setting }}: {{ $key | quote }}
{{- end }}
{{- end }}
{{- if eq .Values.store.kind "postgres" }}
PAYGATE_STORE: {{ .Values.store.secretKey | quote }}
{{- end }}
{{- range $name, $account := .Values.accounts }}
PAYGATE_PAY_{{ include "paygate.capitals" $name }}_API_KEY: {{ $account.apiKey | quote }}
{{- with $account.webhookSecrets }}
PAYGATE_PAY_{{ include "paygate.capitals" $name }}_WEBHOOK_SECRETS: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "paygate.settings" -}}
PAYGATE_LISTEN: ":8000"
PAYGATE_STAFF_LISTEN: ":8001"
PAYGATE_ROUTES: {{ keys .Values.routes | sortAlpha | join "," | quote }}
{{- range $name, $route := .Values.routes }}
{{- range $setting, $value := $route }}
PAYGATE_ROUTE_{{ include "paygate.capitals" $name }}_{{ $setting }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.accounts }}
PAYGATE_PAY_ACCOUNTS: {{ keys . | sortAlpha | join "," | quote }}
{{- end }}
{{- if eq .Values.store.kind "bbolt" }}
PAYGATE_STORE: bbolt:/data/paygate.db
{{- end }}
{{- range $setting, $value := .Values.settings }}
{{ $setting }}: {{ $value | quote }}
{{- end }}
{{- range $setting, $key := include "paygate.files" . | fromYaml }}
{{ $setting }}_FILE: /run/secrets/paygate/{{ $key }}
{{- end }}
{{- end }}

{{- define "paygate.scheme" -}}
{{- hasKey .Values.settings "PAYGATE_STAFF_TLS_CERT_FILE" | ternary "https" "http" }}
{{- end }}

{{- define "paygate.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
