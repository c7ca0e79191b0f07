package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"paygate/gateway/origin"
)

// parseOrigin accepts a scheme, a host and a port, and nothing else.
func parseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	bad := err != nil || u.Hostname() == "" || u.User != nil || (u.Path != "" && u.Path != "/") ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http")
	if bad {
		return &url.URL{}, errors.New("must be an origin such as https://example.service.gov.uk, without a path")
	}
	host, err := checkHost(u.Host)
	return &url.URL{Scheme: u.Scheme, Host: host}, err
}

func parseURL(text string) (url.URL, error) {
	u, err := parseOrigin(text)
	return *u, err
}

// parseWebhookURL accepts an address with a path and a query. Its error does not contain the text, which is secret.
func parseWebhookURL(text string) (webhookURL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return webhookURL{}, errors.New("must be the whole https address of a webhook")
	}
	return webhookURL(*u), nil
}

// parseService accepts an origin or a Unix socket.
func parseService(text string) (Service, error) {
	if socket, found := strings.CutPrefix(text, "unix:"); found {
		return Service{URL: &url.URL{Scheme: "http", Host: "localhost"}, Socket: socket}, checkSocket(socket)
	}
	u, err := parseOrigin(text)
	return Service{URL: u}, err
}

// parseOrigins returns the origins without their default ports.
func parseOrigins(text string) (origin.List, error) {
	var list origin.List
	return parseEach(text, func(item string) (*url.URL, error) {
		o, err := parseOrigin(item)
		if err != nil {
			return o, err
		}
		o.Host = strings.TrimSuffix(o.Host, map[string]string{"http": ":80", "https": ":443"}[o.Scheme])
		if list.Find(o.Host) != nil {
			return o, fmt.Errorf("lists the host %s twice", o.Host)
		}
		list = append(list, o)
		return o, nil
	})
}

func parseCardOrigin(text string) (string, error) {
	o, err := parseOrigin(text)
	return o.String(), err
}

// checkHost returns a host, with or without a port, in ASCII.
func checkHost(text string) (string, error) {
	host, port := text, ""
	if at := strings.LastIndex(text, ":"); at > strings.LastIndex(text, "]") {
		host, port = text[:at], text[at:]
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	if port != "" && (err != nil || number == 0) {
		return "", errors.New("has a port that is not from 1 to 65535")
	}
	ascii, err := origin.ASCII(host)
	if err != nil {
		return "", errors.New("has a host name that cannot be written in ASCII")
	}
	return ascii + port, nil
}

// maxSocket is the maximum length of the path of a Unix socket.
const maxSocket = 107

func checkSocket(path string) error {
	if !strings.HasPrefix(path, "/") || len(path) > maxSocket {
		return fmt.Errorf("must be unix: and the absolute path of a socket, of at most %d bytes", maxSocket)
	}
	return nil
}

func checkAddress(text string) (string, error) {
	_, port, err := net.SplitHostPort(text)
	if _, unknown := net.LookupPort("tcp", port); err != nil || port == "" || unknown != nil {
		return "", errors.New("must be an address such as :8000 or 127.0.0.1:8001, with a port up to 65535")
	}
	return text, nil
}

// checkPublicAddress accepts a Unix socket too.
func checkPublicAddress(text string) (string, error) {
	if socket, found := strings.CutPrefix(text, "unix:"); found {
		return text, checkSocket(socket)
	}
	return checkAddress(text)
}
