package staff

import "paygate/gateway/signin"

// Roles returns the role that each address needs.
func Roles() map[string]signin.Role {
	roles := map[string]signin.Role{}
	for _, a := range (entrance{server: &server{}}).addresses() {
		roles[a.pattern] = a.role
	}
	return roles
}
