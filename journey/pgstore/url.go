package pgstore

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrURL reports a fault in the URL itself: no server would accept it.
var ErrURL = errors.New("the postgres:// URL of the store")

// CheckURL checks a postgres:// URL without a server. Its error is an [ErrURL] and never contains the password.
func CheckURL(url string) error {
	_, err := parse(url, time.Second)
	return err
}

// parse reads the URL and fills in defaults.
func parse(text string, timeout time.Duration) (*pgxpool.Config, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "postgres" && scheme != "postgresql" {
		return nil, fmt.Errorf("%w begins with something else", ErrURL)
	}
	if _, path, _ := strings.Cut(rest, "/"); strings.Contains(path, "@") { // the driver would read a password as a host
		return nil, malformed()
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, fault(err)
	}
	withDefaults(config, timeout)
	return config, nil
}

func malformed() error {
	return fmt.Errorf("%w cannot be read: each of / @ : ? # %% and space "+
		"in a name or password must be written as %% and two digits", ErrURL)
}

// fault says what is wrong with a URL without quoting it: a mistyped one may have its password anywhere.
func fault(err error) error {
	_, reason, _ := strings.Cut(err.Error(), "`: ") // after the URL
	if reason == "" || strings.HasPrefix(reason, "failed to parse") {
		return malformed()
	}
	return fmt.Errorf("%w has a setting that cannot be used: %s", ErrURL, oneLine(reason))
}

// withDefaults bounds every wait, on both sides of the connection, unless the URL sets its own limit.
func withDefaults(config *pgxpool.Config, timeout time.Duration) {
	milliseconds := strconv.FormatInt(timeout.Milliseconds(), 10)
	parameters := config.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"application_name":                    "paygate",
		"statement_timeout":                   milliseconds,
		"lock_timeout":                        milliseconds,
		"idle_in_transaction_session_timeout": milliseconds, // a stalled process must not lock a journey for the others
	} {
		if _, set := parameters[name]; !set {
			parameters[name] = value
		}
	}
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, timeout)
	config.PingTimeout = cmp.Or(config.PingTimeout, timeout)
	config.ShouldPing = shouldPing
}

// location names the database in messages, without the password.
func location(config *pgxpool.Config) string {
	c := config.ConnConfig
	host := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if strings.HasPrefix(c.Host, "/") {
		host = c.Host
	}
	return fmt.Sprintf("%q at %s", c.Database, host)
}
