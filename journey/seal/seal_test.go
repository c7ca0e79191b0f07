package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
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

func TestOpenNeedsTheSameRecord(t *testing.T) {
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
		cut := rapid.IntRange(0, len(plain)).Draw(t, "cut")
		inParts := s.Seal(label, id, plain[:cut], nil, plain[cut:])
		opened, err = s.OpenInPlace(label, id, inParts)
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

func TestLabelAndIDAreSeparate(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	_, err := s.Open("ab", "c", s.Seal("a", "bc", []byte("x")))
	require.ErrorIs(t, err, seal.ErrDamaged)
}

func TestOpenRejectsTamperedBytes(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	sealed := s.Seal("hold", "1", []byte("form"))
	for at := range len(sealed) * 8 {
		flipped := bytes.Clone(sealed)
		flipped[at/8] ^= 1 << (at % 8)
		plain, err := s.Open("hold", "1", flipped)
		require.Error(t, err, "bit %d", at)
		require.Nil(t, plain)
	}
	for length := range len(sealed) {
		plain, err := s.Open("hold", "1", sealed[:length])
		require.ErrorIs(t, err, seal.ErrDamaged, "the first %d bytes", length)
		require.Nil(t, plain)
	}
	_, err := s.Open("hold", "1", append(bytes.Clone(sealed), 0))
	require.ErrorIs(t, err, seal.ErrDamaged)
}

// The stored form is decoded here by hand, because it cannot change without a new version.
func TestEnvelopeFormat(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	sealed := s.Seal("hold", "journey 1", []byte("form"))
	require.Len(t, sealed, 1+8+32+12+len("form")+16)
	require.Equal(t, byte(1), sealed[0])
	require.Equal(t, s.Newest(), hex.EncodeToString(sealed[1:9]))

	salt, nonce, box := sealed[9:41], sealed[41:53], sealed[53:]
	recordKey, err := hkdf.Key(sha256.New, secret(1), salt, "paygate hold v1journey 1", 32)
	require.NoError(t, err)
	block, err := aes.NewCipher(recordKey)
	require.NoError(t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	plain, err := gcm.Open(nil, nonce, box, []byte("\x01\x04holdjourney 1"))
	require.NoError(t, err)
	require.Equal(t, "form", string(plain))
}

func TestKeyIDRejectsWhatIsNotAnEnvelope(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	for name, bad := range map[string][]byte{"nothing": nil, "short": {1, 2, 3}, "another version": make([]byte, 100)} {
		id, isEnvelope := s.KeyID(bad)
		require.False(t, isEnvelope, name)
		require.Empty(t, id, name)
		_, err := s.Open("hold", "1", bad)
		require.ErrorIs(t, err, seal.ErrDamaged, name)
		_, err = s.OpenInPlace("hold", "1", bad)
		require.ErrorIs(t, err, seal.ErrDamaged, name)
	}
	require.False(t, s.Knows("no hexadecimal"))
	require.False(t, s.Knows(""))
}

func TestOpenInPlaceReusesMemory(t *testing.T) {
	t.Parallel()
	s := sealer(t, secret(1))
	sealed := s.Seal("hold", "1", make([]byte, 1<<20))
	plain, err := s.OpenInPlace("hold", "1", sealed)
	require.NoError(t, err)
	require.Len(t, plain, 1<<20)
	plain[0] = 7
	require.True(t, bytes.Contains(sealed, []byte{7, 0, 0, 0, 0, 0, 0, 0}), "it is the same memory")
}

func TestNewCopiesSecrets(t *testing.T) {
	t.Parallel()
	given := secret(1)
	s := sealer(t, given)
	sealed := s.Seal("hold", "1", []byte("form"))
	clear(given)
	plain, err := s.Open("hold", "1", sealed)
	require.NoError(t, err)
	require.Equal(t, "form", string(plain))
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

func TestSealNeverRepeats(t *testing.T) {
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
	require.Equal(t, hash[0], s.Derive("cookie hash", 64), "the newest alone")
	require.NotEqual(t, s.Newest(), hex.EncodeToString(s.Derive("key id", 8)),
		"a key id is public, a derived key is not")
	require.NotEqual(t, s.Newest(), hex.EncodeToString(s.Derive("secret-fingerprint", 8)))
}

func TestNewRejectsBadSecrets(t *testing.T) {
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
