package form_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// These tests run real parsers: a form that one of them reads as the paid value is never free, and one that it reads as
// another price is never cheaper.

func FuzzFormsAgainstPHP(f *testing.F)    { fuzzForms(f, startPHP) }
func FuzzFormsAgainstQs(f *testing.F)     { fuzzForms(f, startQs) }
func FuzzFormsAgainstRack(f *testing.F)   { fuzzForms(f, startRack) }
func FuzzFormsAgainstPython(f *testing.F) { fuzzForms(f, startPython) }

// parser gives the values that a framework reads for each name, if only in a list or as one of several readers.
type parser func(kind string, body []byte) (map[string]any, error)

func fuzzForms(f *testing.F, start func(testing.TB) parser) {
	for _, d := range seeds(f) {
		r, body := submitted(f, d.head, d.body)
		f.Add(r.Header.Get("Content-Type"), encode(string(body)))
	}
	parse := start(f)
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": "action=pay&application[action]=pay",
		"application/json":                  `{"action":"pay","application":{"action":"pay"}}`,
		"multipart/form-data; boundary=b": partOf(named, "pay") + partOf(
			strings.Replace(named, "action", "application[action]", 1), "pay",
		) + end,
	} {
		said, err := parse(kind, []byte(body))
		require.NoError(f, err)
		require.Contains(f, texts(said["action"]), "pay", kind)
		require.Contains(f, texts(said["application[action]"]), "pay", kind)
	}
	f.Fuzz(func(t *testing.T, kind string, program []byte) {
		isOther := func(r rune) bool { return r < ' ' || r > '~' }
		if strings.ContainsFunc(kind, isOther) || strings.TrimSpace(kind) != kind || len(program) > 4<<10 {
			return // net/http trims it, and accepts no control characters
		}
		body := decode(program)
		said, err := parse(kind, body)
		require.NoError(t, err)
		checkForm(t, kind, body, said)
	})
}

func checkForm(t *testing.T, kind string, body []byte, said map[string]any) {
	t.Helper()
	header := http.Header{"Content-Type": {kind}}
	read, err := form.Read(header, bytes.NewReader(body))
	require.NoError(t, err)
	for _, field := range []string{"action", "application[action]"} {
		free := (&form.Condition{Field: field, Value: "pay"}).Fits(form.Submission{Form: read}) == form.Unmet
		if free && slices.Contains(texts(said[field]), "pay") {
			t.Errorf("%s is pay, and free: %q %q", field, kind, body)
		}
		absent := (&form.Condition{Field: field, AnyValue: true}).Fits(form.Submission{Form: read}) == form.Unmet
		if absent && len(texts(said[field])) > 0 {
			t.Errorf("%s is there, and free: %q %q", field, kind, body)
		}
	}
	const free = "blue-badge"
	prices := map[string]int64{"1-day": 600, "8-day": 1350, free: 0}
	for _, field := range []string{"licence", "application[licence]"} {
		choice := form.Choice{Field: field, Options: slices.Collect(maps.Keys(prices)), Free: []string{free}}
		option, ok := choice.InForm(form.Submission{Form: read})
		if !ok {
			continue
		}
		for _, value := range texts(said[field]) {
			if prices[value] > prices[option] || option == free && value != free && value != "" {
				t.Errorf("%s is %s, and paid as %s: %q %q", field, value, option, kind, body)
			}
		}
	}
}

// texts returns all texts within a value.
func texts(value any) []string {
	var found []string
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		for _, v := range value {
			found = append(found, texts(v)...)
		}
	case map[string]any:
		for _, v := range value {
			found = append(found, texts(v)...)
		}
	}
	return found
}

// seeds are forms of all kinds, with each name and value that the test asks for.
func seeds(t testing.TB) map[string]disguise {
	all := clients()
	maps.Copy(all, disguises())
	maps.Copy(all, honest(t))
	for name, d := range maps.Clone(all) {
		if len(d.body) > 2<<10 {
			delete(all, name)
			continue
		}
		nested := strings.NewReplacer("action", "application[action]")
		all[name+", nested"] = disguise{d.head, nested.Replace(d.body)}
		price := strings.NewReplacer("action", "licence", "save", "1-day", "pay", "8-day")
		all[name+", a price"] = disguise{d.head, price.Replace(d.body)}
		nothing := strings.NewReplacer("action", "licence", "save", "blue-badge", "pay", "season")
		all[name+", a choice that costs nothing"] = disguise{d.head, nothing.Replace(d.body)}
	}
	all["two choices, nested"] = disguise{pairsType, "application[licence]=1-day&application[licence]x=8-day"}
	all["two choices in JSON"] = disguise{
		"Content-Type: application/json\n", `{"application[licence]":"1-day","application":{"licence":"8-day"}}`,
	}
	return all
}

// words are what forms consist of. A fuzzer combines them better than single letters.
var words = []string{
	"action", "application", "licence", "pay", "save", "1-day", "8-day", "blue-badge", "application[action]",
	"application[licence]", "=", "&", ";", "[", "]", "%5B", "%5D", "%", "+", ".", "%00", "\x00", "%20",
	"\r\n", "\n", "\r", "--b", "--", "--b\r\n", "\r\n--b--\r\n", "Content-Disposition: form-data; ",
	"Content-Type: ", "Content-Transfer-Encoding: ", "name=", "filename=", "name*=", "filename*=",
	"name=\"action\"", "name=\"licence\"", "\"", "\\", "'", "utf-8''", "text/plain", "application/json",
	"multipart/mixed; boundary=c", "base64", "charset=utf-16", "; ", ": ", ", ", "{", "}", ",", " ", "\t",
	"\xef\xbb\xbf", "\xff\xfe", "_charset_", "null", "[]", "\\u0061", "\r\n\r\n", "--c\r\n", "boundary=b", "_",
	"x", "1", "cGF5", "%26", "%3D", "%3B", "%70ay", "a=1&",
}

const plainByte = 255 // the byte after it is itself

func encode(text string) []byte {
	var program []byte
	for len(text) > 0 {
		best := -1
		for i, word := range words {
			if strings.HasPrefix(text, word) && (best < 0 || len(word) > len(words[best])) {
				best = i
			}
		}
		if best < 0 {
			program, text = append(program, plainByte, text[0]), text[1:]
			continue
		}
		program, text = append(program, byte(best)), text[len(words[best]):]
	}
	return program
}

func decode(program []byte) []byte {
	var text []byte
	for i := 0; i < len(program); i++ {
		switch {
		case program[i] != plainByte:
			text = append(text, words[int(program[i])%len(words)]...)
		case i+1 < len(program):
			i++
			text = append(text, program[i])
		}
	}
	return text
}

func TestDecodeReversesEncode(t *testing.T) {
	t.Parallel()
	for name, d := range seeds(t) {
		require.Equal(t, d.body, string(decode(encode(d.body))), name)
	}
}

func startQs(t testing.TB) parser {
	tools, err := filepath.Abs("../../tools")
	require.NoError(t, err)
	missing(t, filepath.Join(tools, "node_modules", "qs"), "npm ci in tools")
	return startFrames(t, "node", "testdata/parsers/read.js", tools)
}

func startRack(t testing.TB) parser {
	missing(t, "/usr/share/rubygems-integration/all/specifications/rack-*", "ruby-rack")
	return startFrames(t, "/usr/bin/ruby", "testdata/parsers/read.rb")
}

func startPython(t testing.TB) parser {
	missing(t, "/usr/lib/python3/dist-packages/django", "python3-django")
	missing(t, "/usr/lib/python3/dist-packages/werkzeug", "python3-werkzeug")
	return startFrames(t, "/usr/bin/python3", "testdata/parsers/read.py")
}

// missing skips the test if nothing is at a path. In CI, where everything has to be installed, it fails the test.
func missing(t testing.TB, pattern, from string) {
	t.Helper()
	if found, _ := filepath.Glob(pattern); len(found) > 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", from)
	}
	t.Skipf("%s is not installed", from)
}

// startFrames starts a program that reads forms from its standard input, each with its length before, and answers
// with lines of JSON.
func startFrames(t testing.TB, program string, arguments ...string) parser {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		missing(t, program, program)
	}
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	lines := bufio.NewReaderSize(out, 1<<20)
	var one sync.Mutex
	return func(kind string, body []byte) (map[string]any, error) {
		one.Lock()
		defer one.Unlock()
		frame := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(kind))), uint32(len(body)))
		if _, err := in.Write(append(append(frame, kind...), body...)); err != nil {
			return nil, err
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		return valuesOf(line)
	}
}

func valuesOf(text []byte) (said map[string]any, err error) {
	if err = json.Unmarshal(text, &said); err != nil {
		err = fmt.Errorf("%w: %q", err, text)
	}
	return said, err
}

// startPHP starts PHP's own server, which ends with its standard input.
func startPHP(t testing.TB) parser {
	t.Helper()
	missing(t, "/usr/bin/php", "php-cli")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	command := exec.Command(
		"sh", "-c",
		`php -d display_errors=0 -d max_input_vars=20000 -d variables_order=GPCS `+
			`-S "$0" testdata/parsers/read.php >/dev/null 2>&1 & cat; kill $!`,
		address,
	)
	in, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	client := &http.Client{Timeout: time.Minute}
	parse := func(kind string, body []byte) (map[string]any, error) {
		r, err := http.NewRequest(http.MethodPost, "http://"+address+"/", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", kind)
		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		return valuesOf(text)
	}
	require.Eventually(t, func() bool { _, err := parse("", nil); return err == nil }, time.Minute, 20*time.Millisecond)
	return parse
}
