package command

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const someDifferences = `{"from":"2026-11-16T00:00:00Z","to":"2026-11-23T04:00:00Z","checked":7,"differences":[
	{"kind":"unknown_here","account":"","payment_id":"pay1","journey_id":"","reference":"=LIC-1","amount_pence":2500,
	"here":"","at_pay":"capturable","reserved_until":"2026-11-25T10:00:00Z"},
	{"kind":"refund","account":"parking","payment_id":"pay2","journey_id":"01J","reference":"LIC-2","amount_pence":2500,
	"here":"0","at_pay":"500","reserved_until":null}]}`

func TestReconcilePrintsDifferences(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, someDifferences) })
	status, stdout, _ := s.run(t, "reconcile")
	require.Equal(t, 3, status)
	require.Equal(t, []string{"POST /reconcile {}"}, s.asked)
	lines := strings.Split(stdout, "\n")
	require.Equal(t, "7 payments made from 16 Nov 2026 00:00 GMT to 23 Nov 2026 04:00 GMT were compared: 2 differences",
		lines[0])
	require.Equal(t, "unknown_here default pay1 =LIC-1 £25.00 capturable 25 Nov 2026 10:00 GMT",
		strings.Join(strings.Fields(lines[2]), " "))
	require.Equal(t, []string{"refund", "parking", "pay2", "01J", "LIC-2", "£25.00", "£0.00", "£5.00"},
		strings.Fields(lines[3]))

	status, stdout, _ = s.run(t, "reconcile", "-from", "2026-11-01", "-to", "2026-11-02", "-account", "parking",
		"-format", "csv")
	require.Equal(t, 3, status)
	require.Equal(t, []string{`POST /reconcile {"account":"parking","from":"2026-11-01","to":"2026-11-02"}`}, s.asked)
	require.Equal(t, "kind,account,payment_id,journey_id,reference,amount_pence,here,at_pay,reserved_until\n"+
		"unknown_here,,pay1,,'=LIC-1,2500,,capturable,2026-11-25T10:00:00Z\n"+
		"refund,parking,pay2,01J,LIC-2,2500,0,500,\n", stdout)

	status, stdout, _ = s.run(t, "reconcile", "-format", "json")
	require.Equal(t, 3, status)
	require.JSONEq(t, someDifferences, stdout)
}

func TestReconcileFindsNothing(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w,
			`{"from":"2026-11-16T00:00:00Z","to":"2026-11-23T04:00:00Z","checked":7,"differences":[]}`)
	})
	for _, format := range []string{"table", "csv", "json"} {
		status, _, _ := s.run(t, "reconcile", "-format", format)
		require.Zero(t, status)
	}
	_, stdout, _ := s.run(t, "reconcile", "-format", "json")
	require.Contains(t, stdout, `"differences": []`)
}

func TestReconcileAdopts(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"01J"}`)
	})
	for _, args := range [][]string{
		{"-adopt", "pay1", "-adopt", "pay2", "-reason", "backup"},
		{"-adopt", "pay1,pay2", "-reason", "backup"},
		{"-reason", "backup", "-adopt", "pay1", "pay2"},
		{"-adopt", "pay1", "pay2", "-reason", "backup"},
	} {
		status, stdout, _ := s.run(t, append([]string{"reconcile"}, args...)...)
		require.Zero(t, status, args)
		require.Equal(t, []string{
			`POST /reconcile/adopt {"payment_id":"pay1","reason":"backup"}`,
			`POST /reconcile/adopt {"payment_id":"pay2","reason":"backup"}`,
		}, s.asked)
		require.Contains(t, stdout, "pay2 is now the journey 01J")
	}
	_, stdout, _ := s.run(t, "reconcile", "-adopt", "pay1", "-format", "json")
	var adopted []map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &adopted))
	require.Equal(t, "01J", adopted[0]["id"])
}

func TestReconcileAdoptsWhatItCan(t *testing.T) {
	t.Parallel()
	var s *staffServerStub
	s = newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if strings.Contains(s.asked[len(s.asked)-1], "pay1") {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"detail":"The payment cannot be adopted: it is too young."}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":"01J"}`)
	})
	status, stdout, stderr := s.run(t, "reconcile", "-adopt", "pay1,pay2", "-account", "parking")
	require.Equal(t, 1, status)
	require.Contains(t, stdout, "pay2 is now the journey 01J")
	require.Contains(t, stderr, "pay1: The payment cannot be adopted: it is too young.")
	require.Contains(t, s.asked[0], `"account":"parking"`)
	require.Contains(t, s.asked[0], `"reason":"found by the comparison with GOV.UK Pay"`)
}

func TestReconcileUsedWrongly(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, args := range [][]string{{"pay1"}, {"-format", "xml"}, {"-unknown"}} {
		status, _, _ := s.run(t, append([]string{"reconcile"}, args...)...)
		require.Equal(t, 2, status, args)
		require.Empty(t, s.asked)
	}
}
