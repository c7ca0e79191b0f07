package deploytests

import (
	"slices"
	"strings"
	"testing"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	sigs "sigs.k8s.io/yaml"

	"paygate/gateway/config"
)

// knownSettings returns the settings that are not of one route.
func knownSettings() (all []string) {
	for _, name := range config.KnownNames(nil) {
		if strings.HasPrefix(name, "PAYGATE_") {
			all = append(all, name)
		}
	}
	return all
}

// isSecret reports whether a setting, or the name of its file, is of a secret.
func isSecret(known []string, name string) bool {
	setting, _ := strings.CutSuffix(name, "_FILE")
	return contains(known, setting) && contains(known, setting+"_FILE")
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }

// pod returns the pods of the release's only workload.
func pod(t *testing.T, all []runtime.Object) core.PodTemplateSpec {
	t.Helper()
	var found []core.PodTemplateSpec
	for _, d := range of[*apps.Deployment](all) {
		require.Equal(t, d.Spec.Selector.MatchLabels, subset(d.Spec.Template.Labels, d.Spec.Selector.MatchLabels))
		found = append(found, d.Spec.Template)
	}
	for _, s := range of[*apps.StatefulSet](all) {
		require.Equal(t, s.Spec.Selector.MatchLabels, subset(s.Spec.Template.Labels, s.Spec.Selector.MatchLabels))
		found = append(found, s.Spec.Template)
	}
	require.Len(t, found, 1)
	return found[0]
}

// subset returns those of the labels that a selector names.
func subset(labels, selector map[string]string) map[string]string {
	found := map[string]string{}
	for name := range selector {
		found[name] = labels[name]
	}
	return found
}

// environment returns the settings of a container.
func environment(t *testing.T, container core.Container) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, variable := range container.Env {
		require.NotContains(t, all, variable.Name)
		all[variable.Name] = variable.Value
	}
	return all
}

// TestChartSettings has `paygate check` read the settings of each example.
func TestChartSettings(t *testing.T) {
	t.Parallel()
	for _, name := range examplesOfValues {
		all := objects(t, values(t, name, ""))
		p := pod(t, all).Spec
		settings := environment(t, p.Containers[0])
		var keys []string
		for _, item := range p.Volumes[0].Secret.Items {
			require.Equal(t, item.Key, item.Path)
			keys = append(keys, item.Path)
		}
		for setting, file := range settings {
			if strings.HasSuffix(setting, "_FILE") {
				require.Contains(t, keys, strings.TrimPrefix(file, p.Containers[0].VolumeMounts[0].MountPath+"/"))
			}
		}
		if store := settings["PAYGATE_STORE"]; store != "" {
			settings["PAYGATE_STORE"] = strings.Replace(store, "/data", t.TempDir(), 1)
		}
		requireSettings(t, withFiles(t, settings))
	}
}

func TestChartPods(t *testing.T) {
	t.Parallel()
	for _, name := range examplesOfValues {
		p := pod(t, objects(t, values(t, name, ""))).Spec
		require.False(t, *p.EnableServiceLinks, "Kubernetes would set unknown settings such as PAYGATE_SERVICE_HOST")
		require.False(t, *p.AutomountServiceAccountToken)
		require.True(t, *p.SecurityContext.RunAsNonRoot)
		require.EqualValues(t, 65532, *p.SecurityContext.RunAsUser)
		require.Equal(t, core.SeccompProfileTypeRuntimeDefault, p.SecurityContext.SeccompProfile.Type)
		c := p.Containers[0]
		require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
		require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
		require.Equal(t, []core.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
		grace := time.Duration(*p.TerminationGracePeriodSeconds) * time.Second
		require.Greater(t, grace, drain+time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second)
		for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			require.Equal(t, "/livez", probe.HTTPGet.Path, "free traffic goes on while the database is away")
			require.Equal(t, "staff", probe.HTTPGet.Port.StrVal)
		}
		requireMounts(t, p)
	}
}

// requireMounts requires that a pod has the volumes that it mounts, and can write where large uploads go.
func requireMounts(t *testing.T, p core.PodSpec) {
	t.Helper()
	volumes, mounts := []string{"data"}, map[string]string{} // the StatefulSet adds "data"
	for _, v := range p.Volumes {
		volumes = append(volumes, v.Name)
	}
	for _, m := range p.Containers[0].VolumeMounts {
		require.Contains(t, volumes, m.Name)
		mounts[m.Name] = m.MountPath
	}
	if store := environment(t, p.Containers[0])["PAYGATE_STORE"]; store != "" {
		require.True(t, strings.HasPrefix(store, "bbolt:"+mounts["data"]+"/"))
	} else {
		require.Equal(t, "/tmp", mounts["uploads"])
	}
}

func TestChartStores(t *testing.T) {
	t.Parallel()
	file := objects(t, values(t, "bbolt", "replicas: 3"))
	set := of[*apps.StatefulSet](file)["paygate"]
	require.EqualValues(t, 1, *set.Spec.Replicas, "one process has the store open")
	require.Equal(t, "data", set.Spec.VolumeClaimTemplates[0].Name)
	require.Empty(t, of[*policy.PodDisruptionBudget](file), "it would stop every drain of a node")

	shared := objects(t, values(t, "everything", ""))
	deployment := of[*apps.Deployment](shared)["paygate"]
	require.EqualValues(t, 3, *deployment.Spec.Replicas)
	require.EqualValues(t, 0, deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal)
	require.EqualValues(t, 1, of[*policy.PodDisruptionBudget](shared)["paygate"].Spec.MaxUnavailable.IntVal)
	require.Equal(t, "paygate", deployment.Spec.Template.Spec.Volumes[0].Secret.SecretName)
	require.True(t, strings.HasSuffix(deployment.Spec.Template.Spec.Containers[0].Image,
		strings.Repeat("0123456789abcdef", 4)))
	require.Empty(t, of[*core.Secret](shared), "secrets are not in values")
}

func TestChartServicesAndPolicies(t *testing.T) {
	t.Parallel()
	for name, service := range map[string]string{"bbolt": "licences", "replicas": "licences", "everything": "council"} {
		all := objects(t, values(t, name, ""))
		labels := pod(t, all).Labels
		for of, port := range map[string]string{"paygate": "public", "paygate-staff": "staff"} {
			s := objectsNamed[*core.Service](all, of)
			require.Equal(t, s.Spec.Selector, subset(labels, s.Spec.Selector))
			require.Len(t, s.Spec.Ports, 1)
			require.Equal(t, port, s.Spec.Ports[0].TargetPort.StrVal)
		}
		own := objectsNamed[*networking.NetworkPolicy](all, "paygate")
		require.Equal(t, own.Spec.PodSelector.MatchLabels, subset(labels, own.Spec.PodSelector.MatchLabels))
		for _, rule := range own.Spec.Ingress {
			require.NotEmpty(t, rule.From, "without peers, everybody may")
			require.Len(t, rule.Ports, 1, "without ports, all")
		}
		require.Equal(t, name == "everything", len(own.Spec.Ingress) == 2, "the staff listener is closed")
		alone := objectsNamed[*networking.NetworkPolicy](all, "paygate-alone-reaches-the-service")
		require.Equal(t, map[string]string{"app": service}, alone.Spec.PodSelector.MatchLabels)
		require.Len(t, alone.Spec.Ingress, 1)
		require.Len(t, alone.Spec.Ingress[0].From, 1)
		peer := alone.Spec.Ingress[0].From[0]
		require.Nil(t, peer.NamespaceSelector)
		require.Equal(t, own.Spec.PodSelector.MatchLabels, peer.PodSelector.MatchLabels)
		require.Equal(t, []networking.PolicyType{networking.PolicyTypeIngress}, alone.Spec.PolicyTypes)
	}
	require.Empty(t, of[*networking.NetworkPolicy](objects(t, values(t, "bbolt", "networkPolicy: {enabled: false}"))))
}

// TestChartOfServiceElsewhere closes Paygate itself, and warns that nothing closes the service.
func TestChartOfServiceElsewhere(t *testing.T) {
	t.Parallel()
	with := values(t, "replicas", "networkPolicy: {serviceElsewhere: true, serviceLabels: {app: null}}")
	require.Len(t, of[*networking.NetworkPolicy](objects(t, with)), 1)
	texts, err := render(t, with)
	require.NoError(t, err)
	require.Contains(t, texts["paygate/templates/NOTES.txt"], "close http://licences:8080 to everything but these pods")
	_, err = render(t, values(t, "replicas", "networkPolicy: {serviceElsewhere: true}"))
	require.ErrorContains(t, err, "serviceLabels", "labels would look as if they closed it")
}

func objectsNamed[T interface {
	runtime.Object
	GetName() string
}](all []runtime.Object, name string) T {
	return of[T](all)[name]
}

func TestChartLeadsCitizensToPublicListener(t *testing.T) {
	t.Parallel()
	bbolt := objects(t, values(t, "bbolt", ""))
	rules := objectsNamed[*networking.Ingress](bbolt, "paygate").Spec.Rules
	require.Len(t, rules, 1)
	backend := rules[0].HTTP.Paths[0].Backend.Service
	require.Equal(t, []string{"paygate", "public"}, []string{backend.Name, backend.Port.Name})
	replicas := objects(t, values(t, "replicas", ""))
	require.Empty(t, of[*networking.Ingress](replicas))
	route := objectsNamed[*gateway.HTTPRoute](replicas, "paygate").Spec.Rules
	require.Len(t, route, 1)
	require.EqualValues(t, "paygate", route[0].BackendRefs[0].Name)
	require.EqualValues(t, 8000, *route[0].BackendRefs[0].Port)
}

func TestChartHasAlertsOfPrometheus(t *testing.T) {
	t.Parallel()
	all := objects(t, values(t, "everything", ""))
	var shipped monitoring.PrometheusRuleSpec
	require.NoError(t, sigs.UnmarshalStrict([]byte(read(t, "prometheus/paygate.rules.yaml")), &shipped))
	require.Greater(t, len(shipped.Groups[0].Rules), 20)
	require.Equal(t, shipped, objectsNamed[*monitoring.PrometheusRule](all, "paygate").Spec)

	monitor := objectsNamed[*monitoring.ServiceMonitor](all, "paygate")
	staff := objectsNamed[*core.Service](all, "paygate-staff")
	public := objectsNamed[*core.Service](all, "paygate")
	selector := monitor.Spec.Selector.MatchLabels
	require.Equal(t, selector, subset(staff.Labels, selector))
	require.NotEqual(t, selector, subset(public.Labels, selector))
	require.Equal(t, "staff", monitor.Spec.Endpoints[0].Port)
	require.Equal(t, "prometheus", monitor.Labels["release"])
	require.Empty(t, of[*monitoring.PrometheusRule](objects(t, values(t, "bbolt", ""))))
}

// TestChartOfHTTPSStaffListener has the probes and Prometheus speak as the listener does.
func TestChartOfHTTPSStaffListener(t *testing.T) {
	t.Parallel()
	for over, scheme := range map[string]string{
		"": "http",
		"{settings: {PAYGATE_STAFF_TLS_CERT_FILE: /etc/tls/tls.crt, PAYGATE_STAFF_TLS_KEY_FILE: /etc/tls/tls.key}, " +
			"serviceMonitor: {tlsConfig: {serverName: paygate}}}": "https",
	} {
		all := objects(t, values(t, "everything", over))
		c := pod(t, all).Spec.Containers[0]
		for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			require.EqualValues(t, strings.ToUpper(scheme), probe.HTTPGet.Scheme)
		}
		endpoint := objectsNamed[*monitoring.ServiceMonitor](all, "paygate").Spec.Endpoints[0]
		require.EqualValues(t, scheme, endpoint.Scheme)
		require.Equal(t, scheme == "https", endpoint.TLSConfig != nil)
	}
}

func TestChartNotes(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]string{
		"no NetworkPolicy":            "networkPolicy: {enabled: false}",
		"Nothing leads citizens here": "ingress: {enabled: false}",
		"There are no alerts":         "",
	} {
		texts, err := render(t, values(t, "bbolt", over))
		require.NoError(t, err)
		require.Contains(t, texts["paygate/templates/NOTES.txt"], name)
	}
	texts, err := render(t, values(t, "everything", ""))
	require.NoError(t, err)
	require.Contains(t, texts["paygate/templates/NOTES.txt"], "exec deployment/paygate -- /paygate doctor")
	require.NotContains(t, texts["paygate/templates/NOTES.txt"], "WARNING")
}
