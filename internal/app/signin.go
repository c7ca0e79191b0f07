package app

import (
	"time"

	"paygate/gateway/config"
	"paygate/gateway/signin"
	"paygate/journey/seal"
)

// staffSignIn returns how staff sign in.
func staffSignIn(s config.Settings, values store, sealer *seal.Sealer, now func() time.Time) signin.Options {
	return signin.Options{
		Tokens: s.StaffTokens, OIDC: s.OIDC(), Proxies: s.StaffProxies, Roles: s.StaffRoles,
		Header: signin.Header{Name: s.StaffProxyHeader, Groups: s.StaffProxyGroupsHeader},
		Store:  values, Now: now,
		HashKey: sealer.Derive("staff cookie hash", 64), BlockKey: sealer.Derive("staff cookie block", 32),
	}
}
