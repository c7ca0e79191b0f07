package signature_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

func published(t *testing.T, r *signature.Ring) int {
	t.Helper()
	answer := httptest.NewRecorder()
	r.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &set))
	return len(set.Keys)
}

func TestRingReadsKeysOfAnotherReplica(t *testing.T) {
	t.Parallel()
	rs, ec := signer(t, rsaKey).Keys, signer(t, ecKey).Keys
	synctest.Test(t, func(t *testing.T) {
		stored, trouble, reads := rs, error(nil), 0
		ring := signature.NewRing(rs, func(ctx context.Context) (signature.Keys, error) {
			reads++
			_, limited := ctx.Deadline()
			require.True(t, limited)
			return stored, trouble
		})
		stored = append(ec, rs...)
		require.Equal(t, rs, ring.Keys(), "they are young")
		time.Sleep(5 * time.Second)
		for range 10 {
			require.Equal(t, stored, ring.Keys())
		}
		require.Equal(t, 1, reads)
		require.Equal(t, 2, published(t, ring))

		trouble = errors.New("the store cannot be reached")
		time.Sleep(time.Hour)
		for range 10 {
			require.Equal(t, stored, ring.Keys(), "it keeps the keys that it has")
		}
		require.Equal(t, 2, reads)
	})
}

func TestRingDoesNotWaitForAnotherRead(t *testing.T) {
	t.Parallel()
	rs := signer(t, rsaKey).Keys
	synctest.Test(t, func(t *testing.T) {
		ring := signature.NewRing(rs, func(ctx context.Context) (signature.Keys, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		time.Sleep(time.Minute)
		began := time.Now()
		go ring.Keys()
		synctest.Wait()
		require.Equal(t, rs, ring.Keys())
		require.Equal(t, began, time.Now())
		synctest.Wait()
		time.Sleep(2 * time.Second)
	})
}

func TestRingOfKeysFromFilesNeverChanges(t *testing.T) {
	t.Parallel()
	rs := signer(t, rsaKey).Keys
	synctest.Test(t, func(t *testing.T) {
		ring := signature.NewRing(rs, nil)
		time.Sleep(time.Hour)
		require.Equal(t, rs, ring.Keys())
		require.Equal(t, 1, published(t, ring))
	})
}
