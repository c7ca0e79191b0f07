package pgstore

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrURL is a fault in the URL itself: no server would take it.
var ErrURL = errors.New("the postgres:// URL of the store")

// CheckURL tells what is wrong with a postgres:// URL, as far as can be told without a server: an [ErrURL], which never
// holds the password.
func CheckURL(url string) error {
	_, err := parse(url, time.Second)
	return err
}

// parse reads the URL and fills in what it leaves open.
func parse(text string, patience time.Duration) (*pgxpool.Config, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "postgres" && scheme != "postgresql" {
		return nil, fmt.Errorf("%w begins with something else", ErrURL)
	}
	if _, path, _ := strings.Cut(rest, "/"); strings.Contains(path, "@") { // the driver would take half a password for a host
		return nil, badly()
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, fault(err)
	}
	withDefaults(config, patience)
	return config, nil
}

func badly() error {
	return fmt.Errorf("%w cannot be read: each of / @ : ? # %% and space in a name or password must be written as %% and two digits", ErrURL)
}

// fault says what is wrong with a URL, and never quotes it: a mistyped one may have its password anywhere.
func fault(err error) error {
	_, reason, _ := strings.Cut(err.Error(), "`: ") // behind the URL
	if reason == "" || strings.HasPrefix(reason, "failed to parse") {
		return badly()
	}
	return fmt.Errorf("%w has a setting that cannot be used: %s", ErrURL, oneLine(reason))
}

// withDefaults bounds every wait, on both sides of the connection; a URL may say otherwise.
func withDefaults(config *pgxpool.Config, patience time.Duration) {
	milliseconds := strconv.FormatInt(patience.Milliseconds(), 10)
	parameters := config.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"application_name":                    "paygate",
		"statement_timeout":                   milliseconds,
		"lock_timeout":                        milliseconds,
		"idle_in_transaction_session_timeout": milliseconds, // who stands still must not keep a journey from the others
	} {
		if _, set := parameters[name]; !set {
			parameters[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = patience
	}
	if config.PingTimeout == 0 {
		config.PingTimeout = patience
	}
	config.ShouldPing = shouldPing
}

// where names the database for people, without the password.
func where(config *pgxpool.Config) string {
	c := config.ConnConfig
	host := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if strings.HasPrefix(c.Host, "/") {
		host = c.Host
	}
	return fmt.Sprintf("%q at %s", c.Database, host)
}

// oneLine makes a line of the driver's lists of attempts.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
