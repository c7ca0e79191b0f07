package journey

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodingRoundTripsWithoutCopyingTheBody(t *testing.T) {
	t.Parallel()
	request := HeldRequest{
		Method: "POST", Path: "/a", Header: http.Header{"X": {"caf\xe9"}}, Body: []byte("body"),
		Prefill: Prefill{Email: "a@b.c"},
	}
	parts, err := request.encode()
	require.NoError(t, err)
	require.Same(t, &request.Body[0], &parts[len(parts)-1][0])
	text := bytes.Join(parts, nil)
	decoded, err := decodeHeldRequest(text)
	require.NoError(t, err)
	require.Equal(t, request, decoded)
	require.Same(t, &text[len(text)-len(request.Body)], &decoded.Body[0])

	reply := Reply{Status: 200, Header: http.Header{"X": {"y"}}}
	parts, err = reply.encode()
	require.NoError(t, err)
	again, err := decodeReply(bytes.Join(parts, nil))
	require.NoError(t, err)
	require.Equal(t, reply, again)
}

func FuzzDecode(f *testing.F) {
	parts, err := HeldRequest{Method: "POST", Body: []byte("body")}.encode()
	require.NoError(f, err)
	f.Add(bytes.Join(parts, nil))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = decodeHeldRequest(text)
		_, _ = decodeReply(text)
	})
}
