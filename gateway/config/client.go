package config

import (
	"net"
	"net/url"
)

// Client is what a command needs to speak to a running gateway's staff door.
type Client struct {
	StaffURL *url.URL
	Token    string // may be empty
	// Shared: the settings name a store that this process may open beside a running gateway.
	Shared bool
}

// LoadClient reads what the commands need that only speak to a running gateway: no other setting has to be there.
func LoadClient(environ []string) (Client, error) {
	c := &checker{}
	environment := environmentOf(environ)
	c.readSecretFiles(environment)
	v := parse[variables](environment, prefix)
	client := Client{StaffURL: c.staffURL(v), Token: v.StaffToken, Shared: isPostgres(v.Store)}
	if tokens := c.list("PAYGATE_STAFF_TOKENS", v.StaffTokens); client.Token == "" && len(tokens) > 0 {
		for _, token := range c.staffTokens(tokens[0]) {
			client.Token = token
		}
	}
	return client, c.result()
}

// staffURL is where the staff door is: as said, else its listening address on this machine.
func (c *checker) staffURL(v variables) *url.URL {
	if v.StaffURL != "" {
		return c.origin("PAYGATE_STAFF_URL", v.StaffURL)
	}
	host, port, err := net.SplitHostPort(c.address("PAYGATE_STAFF_LISTEN", v.StaffListen))
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
}
