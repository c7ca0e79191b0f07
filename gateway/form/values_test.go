package form

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCouldEqual(t *testing.T) {
	t.Parallel()
	for wanted, values := range map[string][]string{
		"pay": {
			"pay", "PAY", " pay ", "pay\r\n", "pay\x00", "pay\x00x", "p\x00ay", "ｐay", "%70ay", "%2570ay", "%u0070ay",
			"pay\u200b", "\ufeffpay", "p\xc1\xa1y", "pay\xa0", "pay\xff", "p!ay", "<b>pay", "p%3Cb%3Eay", "pay<", "páy",
			"paý", "p中ay", "-pay", "/pay", "p/ay", "./pay", "\xc0pay",
		},
		"Pay now": {"pay now", "Pay  now", "Pay\u00a0now", "Pay+now", "Pay%20now", "Pay\tnow", "Pay\xa0now"},
		"1": {
			"1", "01", "+1", " 1", "1 ", "1.0", "1e0", "10e-1", "0.1e1", "1abc", "1;", "0x1", "0X01", "#1", "0_1", "１",
			"١", "१", "true", "on", "yes", "Y", "1.9", "1,", "1-day",
		},
		"8":  {"010", "8", "0x8", "８", "08"},
		"10": {"10", "0xa", "1e1", "012", "1_0", "1,0", "១០"},
		"on": {"on", "1", "TRUE", "yes"},
	} {
		for _, value := range values {
			require.True(t, couldEqual(value, wanted), "%q as %q", value, wanted)
		}
	}
	for wanted, values := range map[string][]string{
		"pay":   {"", "save", "pay-later", "paid", "p", "payé", "pay2", "1", "on"},
		"1":     {"", "2", "10", "11", "0", "a1", "false", "off", "-1", "0.1", "21"},
		"8-day": {"1-day", "8", "8-days", "18-day"},
		"8":     {"80", "7"}, "": {"x", "0"}, "on": {"off", "0", "none"},
	} {
		for _, value := range values {
			require.False(t, couldEqual(value, wanted), "%q as %q", value, wanted)
		}
	}
}
