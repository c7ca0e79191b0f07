package sample

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455 wants it, and not to keep a secret
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	socketPatience = 10 * time.Second // a visitor who says nothing is sent away
	socketGUID     = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	textFrame      = 0x81 // the last frame of a text
	closeFrame     = 0x88
	maskBit        = 0x80
)

// socket is the least of a WebSocket (RFC 6455): it sends back one text of at most 64 KiB, and says goodbye.
func socket(w http.ResponseWriter, r *http.Request) {
	key, err := handshake(r)
	if err != nil {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, err.Error(), http.StatusUpgradeRequired)
		return
	}
	connection, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot become a WebSocket", http.StatusInternalServerError)
		return
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(socketPatience))
	fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptKey(key))
	if stream.Flush() == nil {
		_ = converse(stream)
	}
}

// handshake is the visitor's key, if this is a request to open a WebSocket (RFC 6455, section 4.2.1).
func handshake(r *http.Request) (key string, err error) {
	key = r.Header.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	switch {
	case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"), !strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade"):
		return "", errors.New("this address speaks WebSocket only")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "", errors.New("this address speaks version 13 of WebSocket only")
	case err != nil || len(nonce) != 16:
		return "", errors.New("Sec-WebSocket-Key is not 16 bytes in base64") //nolint:staticcheck // a header's name
	}
	return key, nil
}

// acceptKey proves that the handshake was understood (RFC 6455, section 1.3).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + socketGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// converse sends one text back and closes; so it does at once on anything else.
func converse(stream *bufio.ReadWriter) error {
	text, err := readText(stream)
	if err == nil {
		err = writeFrame(stream, textFrame, text)
	}
	return errors.Join(err, writeFrame(stream, closeFrame, nil), stream.Flush())
}

// readText reads one unfragmented text frame, which a visitor has to mask (RFC 6455, section 5.1).
func readText(in io.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	if head[0] != textFrame || head[1]&maskBit == 0 {
		return nil, errors.New("not a whole masked text")
	}
	length, err := readLength(in, head[1]&^maskBit)
	if err != nil {
		return nil, err
	}
	masked := make([]byte, 4+length)
	if _, err := io.ReadFull(in, masked); err != nil {
		return nil, err
	}
	mask, text := masked[:4], masked[4:]
	for i := range text {
		text[i] ^= mask[i%4]
	}
	return text, nil
}

// readLength is that of a frame: up to 125 it stands in the head, above that in two bytes of its own. Longer ones are refused.
func readLength(in io.Reader, short byte) (int, error) {
	switch short {
	case 126:
		var long [2]byte
		_, err := io.ReadFull(in, long[:])
		return int(binary.BigEndian.Uint16(long[:])), err
	case 127:
		return 0, errors.New("text too long")
	}
	return int(short), nil
}

func writeFrame(out io.Writer, kind byte, content []byte) error {
	head := []byte{kind, byte(len(content))}
	if len(content) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{kind, 126}, uint16(len(content)))
	}
	_, err := out.Write(append(head, content...))
	return err
}
