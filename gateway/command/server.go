package command

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"paygate/gateway/config"
)

func listenPublic(s config.Settings, log *slog.Logger) (net.Listener, error) {
	listener, err := listen(s.Listen)
	if err != nil {
		return nil, fmt.Errorf("PAYGATE_LISTEN: the public listener cannot be opened: %w", err)
	}
	listener = citizens{listener}
	return encrypt(listener, "PAYGATE_TLS", s.TLSCertFile, s.TLSKeyFile, log)
}

func listenStaff(s config.Settings, log *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", s.StaffListen)
	if err != nil {
		return nil, fmt.Errorf("PAYGATE_STAFF_LISTEN: the staff listener cannot be opened: %w", err)
	}
	return encrypt(listener, "PAYGATE_STAFF_TLS", s.StaffTLSCertFile, s.StaffTLSKeyFile, log)
}

// encrypt makes a listener https, if there is a certificate. setting begins the names of the settings of the files.
func encrypt(listener net.Listener, setting, certFile, keyFile string, log *slog.Logger) (net.Listener, error) {
	if certFile == "" {
		return listener, nil
	}
	certificate, err := loadCertificate(setting, certFile, keyFile, log)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	return tls.NewListener(listener, &tls.Config{
		GetCertificate: certificate.get,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
	}), nil
}

// publicServer returns a server that speaks only HTTP/1.1 and never waits for ever for a client.
func publicServer(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64<<10 - 4096, // net/http adds 4096 of its own
		ErrorLog:          serverLog(log),
	}
}

func staffServer(handler http.Handler, log *slog.Logger) *http.Server {
	server := publicServer(handler, log)
	server.ReadTimeout, server.WriteTimeout = 30*time.Second, 0
	return server
}
