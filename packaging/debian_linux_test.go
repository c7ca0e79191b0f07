package packaging_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
	"paygate/internal/testprocess"
)

// release builds a version for this machine, and returns the folder with its files.
func release(t *testing.T, version string) string {
	t.Helper()
	folder := t.TempDir()
	run(t, "./release", version, folder, "linux/"+runtime.GOARCH)
	return folder
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
	return string(out)
}

func install(t *testing.T, folder string) {
	t.Helper()
	packages, err := filepath.Glob(folder + "/*.deb")
	require.NoError(t, err)
	require.Len(t, packages, 1)
	run(t, "dpkg", "--install", "--force-confold", packages[0])
}

// unit is the installed unit, run as systemd would: this machine may run without systemd.
type unit struct {
	lines       []string
	credentials string
	uid, gid    uint32
}

func loadUnit(t *testing.T) unit {
	t.Helper()
	text, err := os.ReadFile("/usr/lib/systemd/system/paygate.service")
	require.NoError(t, err)
	u := unit{lines: strings.Split(string(text), "\n"), credentials: t.TempDir()}
	account, err := user.Lookup(u.value(t, "User"))
	require.NoError(t, err)
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	require.NoError(t, err)
	u.uid, u.gid = uint32(uid), uint32(gid)
	for _, line := range u.values("LoadCredential") {
		name, file, _ := strings.Cut(line, ":")
		secret, err := os.ReadFile(file)
		require.NoError(t, err)
		copied := filepath.Join(u.credentials, name)
		require.NoError(t, os.WriteFile(copied, secret, 0o400))
		require.NoError(t, os.Chown(copied, int(uid), int(gid)))
	}
	for folder := u.credentials; folder != os.TempDir(); folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755))
	}
	state := "/var/lib/" + u.value(t, "StateDirectory")
	require.NoError(t, os.MkdirAll(state, 0o700))
	require.NoError(t, os.Chown(state, int(uid), int(gid)))
	return u
}

// values returns the values of a setting of the unit.
func (u unit) values(name string) (all []string) {
	for _, line := range u.lines {
		if value, found := strings.CutPrefix(line, name+"="); found {
			all = append(all, value)
		}
	}
	return all
}

func (u unit) value(t *testing.T, name string) string {
	t.Helper()
	all := u.values(name)
	require.Len(t, all, 1, name)
	return all[0]
}

// environ returns the environment that systemd would give.
func (u unit) environ(t *testing.T) (environ []string) {
	t.Helper()
	for _, line := range u.values("Environment") {
		environ = append(environ, strings.Fields(strings.ReplaceAll(line, "%d", u.credentials))...)
	}
	text, err := os.ReadFile(u.value(t, "EnvironmentFile"))
	require.NoError(t, err)
	return append(environ, regexp.MustCompile(`(?m)^PAYGATE_\w+=.*$`).FindAllString(string(text), -1)...)
}

// start starts the service and waits until it says that it is ready.
func (u unit) start(t *testing.T) *exec.Cmd {
	t.Helper()
	notify := filepath.Join(u.credentials, "notify")
	_ = os.Remove(notify)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	require.NoError(t, os.Chmod(notify, 0o777))

	command := strings.Fields(u.value(t, "ExecStart"))
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(u.environ(t), "NOTIFY_SOCKET="+notify)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.uid, Gid: u.gid}}
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &printed
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := make([]byte, 100)
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(time.Minute)))
	n, err := socket.Read(said)
	require.NoError(t, err, "it never gets ready")
	require.Equal(t, "READY=1", string(said[:n]))
	return cmd
}

// stop ends the service as systemd does.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

// configure writes the settings and secrets of the installed package.
func configure(t *testing.T, public, staff, upstream, pay string) {
	t.Helper()
	const token = "ann:staff-token-of-ann-7d1c"
	for name, secret := range map[string]string{
		"pay-api-key": "api_test_secretkeysecretkey", "secrets": "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"staff-tokens": token,
	} {
		require.NoError(t, os.WriteFile("/etc/paygate/secrets/"+name, []byte(secret+"\n"), 0o600))
	}
	text, err := os.ReadFile("/etc/paygate/paygate.env")
	require.NoError(t, err)
	settings := string(text)
	for name, value := range map[string]string{
		"UPSTREAM": upstream, "PUBLIC_URL": "http://" + public, "LISTEN": public,
	} {
		line := regexp.MustCompile(`(?m)^PAYGATE_` + name + `=.*$`)
		require.Regexp(t, line, settings)
		settings = line.ReplaceAllString(settings, "PAYGATE_"+name+"="+value)
	}
	settings += "PAYGATE_STAFF_LISTEN=" + staff + "\nPAYGATE_PAY_MODE=test\nPAYGATE_PAY_API_URL=" + pay +
		"\nPAYGATE_PAY_CARD_ORIGINS=" + pay + "\n"
	require.NoError(t, os.WriteFile("/etc/paygate/paygate.env", []byte(settings), 0o644))
}

// TestDebianPackage installs the package on this machine, so it runs only where that does no harm: in CI.
func TestDebianPackage(t *testing.T) {
	if os.Getenv("CI") == "" || os.Getuid() != 0 {
		t.Skip("it installs and removes a package, which only CI should do")
	}
	for _, program := range []string{"dpkg", "systemd-analyze"} {
		if _, err := exec.LookPath(program); err != nil {
			testenv.Missing(t, program+" is not installed")
		}
	}
	t.Cleanup(func() {
		run(t, "dpkg", "--purge", "paygate")
		require.NoError(t, os.RemoveAll("/var/lib/paygate"))
	})
	older := release(t, "2.0.0")
	checkSBOM(t, older)
	install(t, older)
	verified := run(t, "systemd-analyze", "verify", "/usr/lib/systemd/system/paygate.service")
	require.NotContains(t, verified, "paygate.service", "other units of the machine do not matter")
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", "paygate.service")

	var got []string
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			got = append(got, r.FormValue("name"))
			http.Redirect(w, r, "/licences/confirmation", http.StatusSeeOther)
		}
	}))
	defer service.Close()
	testprocess.Binary = "/usr/bin/paygate"
	pay := testprocess.StartPay(t)
	public, staff := testprocess.FreeAddress(t), testprocess.FreeAddress(t)
	configure(t, public, staff, service.URL, pay.URL)
	running := loadUnit(t).start(t)
	answer, err := http.Get("http://" + staff + "/livez")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	ann := testprocess.NewCitizen(t, "http://"+public)
	held := ann.Post("/licences/apply", url.Values{"name": {"Ann"}})

	install(t, release(t, "2.0.1"))
	require.Contains(t, run(t, "/usr/bin/paygate", "version"), "2.0.1")
	stop(t, running)
	running = loadUnit(t).start(t)
	back := ann.Pay(held, testprocess.GoodCard)
	require.Equal(t, "/licences/confirmation", ann.Get(back).URL.Path)
	require.Equal(t, []string{"Ann"}, got, "the journey outlives the upgrade")
	stop(t, running)

	run(t, "dpkg", "--remove", "paygate")
	require.FileExists(t, "/etc/paygate/paygate.env", "settings stay until the package is purged")
	require.NoFileExists(t, "/usr/bin/paygate")
	require.Contains(t, run(t, "dpkg", "--purge", "paygate"), "are kept")
	require.NoDirExists(t, "/etc/paygate")
	require.FileExists(t, "/var/lib/paygate/paygate.db")
}

// checkSBOM holds the list of components to the modules in the binary.
func checkSBOM(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.cdx.json")
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var bom struct {
		Components []struct{ Name, Version string }
	}
	require.NoError(t, json.Unmarshal(text, &bom))
	listed, linked := map[string]string{}, map[string]string{}
	for _, c := range bom.Components {
		listed[c.Name] = c.Version
	}
	run(t, "tar", "-C", folder, "-xzf", strings.TrimSuffix(files[0], ".cdx.json")+".tar.gz")
	binary := strings.TrimSuffix(files[0], ".cdx.json") + "/paygate"
	dependency := regexp.MustCompile(`(?m)^\s+dep\s+(\S+)\s+(\S+)`)
	for _, m := range dependency.FindAllStringSubmatch(run(t, "go", "version", "-m", binary), -1) {
		linked[m[1]] = m[2]
	}
	delete(listed, "std")
	require.Equal(t, linked, listed)
}
