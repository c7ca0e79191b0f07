package signin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
)

func TestTokensHaveRoles(t *testing.T) {
	t.Parallel()
	var tokens signin.Tokens
	for text, want := range map[string]signin.Member{
		"ann:0123456789abcdef":         {Name: "ann", Role: signin.Admin, ID: "token ann"},
		"vera:view:0123456789abcdeg":   {Name: "vera", Role: signin.View, ID: "token vera"},
		"rob:refund:0123456789abcdeh":  {Name: "rob", Role: signin.Refund, ID: "token rob"},
		"adam:admin:0123456789abcdei":  {Name: "adam", Role: signin.Admin, ID: "token adam"},
		"odd:viewer:0123456789abcdef:": {Name: "odd", Role: signin.Admin, ID: "token odd"},
	} {
		token, ok := signin.ParseToken(text)
		require.True(t, ok)
		require.Equal(t, want, token.Member, text)
		var err error
		tokens, err = tokens.Add(text)
		require.NoError(t, err)
		holder, known := tokens.Holder(token.Secret)
		require.True(t, known)
		require.Equal(t, want, holder)
	}
	for _, secret := range []string{"", "view:0123456789abcdeg", "0123456789abcde", "0123456789abcdefg"} {
		_, known := tokens.Holder(secret)
		require.False(t, known, secret)
	}
}
