package config

// Defaults gives the default of each variable that has one.
func Defaults(routes []string) map[string]string {
	defaults := map[string]string{}
	add := func(v any, prefix string) {
		for _, p := range paramsOf(v, prefix) {
			if p.HasDefaultValue {
				defaults[p.Key] = p.DefaultValue
			}
		}
	}
	add(&variables{}, prefix)
	for _, route := range routes {
		add(&routeVariables{}, routePrefix(route))
	}
	return defaults
}
