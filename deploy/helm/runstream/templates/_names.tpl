{{- define "runstream.name" -}}
{{- if contains "runstream" .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- else -}}{{ printf "%s-runstream" .Release.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "runstream.account" -}}
{{ .Values.serviceAccount.name | default (include "runstream.name" .) }}
{{- end -}}

{{- define "runstream.secret" -}}
{{ .Values.secret.existingName | default (include "runstream.name" .) }}
{{- end -}}

{{- define "runstream.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/name: runstream
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "runstream.selector" -}}
app.kubernetes.io/name: runstream
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "runstream.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* Helm reads numbers of values as floats, and would write an App's id as 1.234567e+06. */ -}}
{{- define "runstream.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ int64 . | toString | quote }}
{{- else -}}
{{ toString . | quote }}
{{- end -}}
{{- end -}}
