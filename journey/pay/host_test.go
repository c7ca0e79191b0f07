package pay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey/pay"
)

func TestAcceptsHostAsPayDoes(t *testing.T) {
	for _, name := range []string{
		"licences.service.gov.uk", "www.example.com", "localhost", "service.internal", "printer.local", "app.localhost",
		"127.0.0.1", "::1", "paygate",
		"xn--bcher-kva.example.org", "shop.london", "a.ck", "x--y.gov.uk",
		"LICENCES.Service.gov.uk", "www.example.com.",
	} {
		require.True(t, pay.AcceptsHost(name), name)
	}
	for _, name := range []string{
		"x.test", "x.example", "licences.invalid", "exa_mple.gov.uk", "-a.gov.uk", "a-.gov.uk", "a..gov.uk", "",
		"service.lan", "1.2.3.4.5", "my_app",
		"service.corp", "a.onion", "www.example.com..", ".",
	} {
		require.False(t, pay.AcceptsHost(name), name)
	}
}
