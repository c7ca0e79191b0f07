package seal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey/seal"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func sealer(t testing.TB, secrets ...[]byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secrets)
	require.NoError(t, err)
	return s
}

func TestOnlyTheSameRecordOpens(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		label := rapid.String().Draw(t, "label")
		id := rapid.String().Draw(t, "id")
		sealed := s.Seal(label, id, plain)

		opened, err := s.Open(label, id, sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, opened))

		_, err = s.Open(label+"x", id, sealed)
		require.ErrorIs(t, err, seal.ErrDamaged)
		_, err = s.Open(label, id+"x", sealed)
		require.ErrorIs(t, err, seal.ErrDamaged)

		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "flipped")
		flipped := bytes.Clone(sealed)
		flipped[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		_, err = s.Open(label, id, flipped)
		require.Error(t, err)
		_, err = s.Open(label, id, sealed[:at])
		require.ErrorIs(t, err, seal.ErrDamaged)
	})
}

func TestALabelCannotBorrowFromTheID(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	_, err := s.Open("ab", "c", s.Seal("a", "bc", []byte("x")))
	require.ErrorIs(t, err, seal.ErrDamaged)
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	old, rotated, after := sealer(t, secret(1)), sealer(t, secret(2), secret(1)), sealer(t, secret(2))
	sealed := old.Seal("hold", "1", []byte("form"))

	plain, err := rotated.Open("hold", "1", sealed)
	require.NoError(t, err)
	require.Equal(t, "form", string(plain))

	_, err = after.Open("hold", "1", sealed)
	require.ErrorIs(t, err, seal.ErrUnknownKey)

	id, isEnvelope := after.KeyID(sealed)
	require.True(t, isEnvelope)
	require.True(t, rotated.Knows(id))
	require.False(t, after.Knows(id))
	require.Equal(t, old.Newest(), id)

	id, _ = rotated.KeyID(rotated.Seal("hold", "1", nil))
	require.Equal(t, after.Newest(), id, "the newest seals")
}

func TestTheSameTextIsNeverSealedAlike(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	require.NotEqual(t, s.Seal("hold", "1", []byte("form")), s.Seal("hold", "1", []byte("form")))
}

func TestDerivedKeysDiffer(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1), secret(2))
	hash, block := s.DeriveAll("cookie hash", 64), s.DeriveAll("cookie block", 32)
	require.Len(t, hash, 2)
	require.Len(t, hash[0], 64)
	require.Len(t, block[1], 32)
	require.NotEqual(t, hash[0][:32], block[0])
	require.NotEqual(t, hash[0], hash[1])
}

func TestBadSecretsAreRefused(t *testing.T) {
	t.Parallel()
	for name, secrets := range map[string][][]byte{
		"none": nil, "short": {make([]byte, 31)}, "twice": {secret(1), secret(1)},
	} {
		_, err := seal.New(secrets)
		require.Error(t, err, name)
	}
}

func BenchmarkSealAndOpen1KiB(b *testing.B) { benchmark(b, 1<<10) }
func BenchmarkSealAndOpen1MiB(b *testing.B) { benchmark(b, 1<<20) }

func benchmark(b *testing.B, size int) {
	s, plain := sealer(b, secret(1)), make([]byte, size)
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := s.Open("hold", "1", s.Seal("hold", "1", plain)); err != nil {
			b.Fatal(err)
		}
	}
}
