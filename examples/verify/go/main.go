package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw
// body).
func run(args []string) error {
	args = append(args, "paygate-release+jwt")
	if len(args) < 8 {
		return errors.New("seven arguments are needed: KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS")
	}
	key, err := publicKey(args[0])
	if err != nil {
		return err
	}
	body, err := content(args[4])
	if err != nil {
		return err
	}
	now, err := strconv.ParseInt(args[6], 10, 64)
	if err != nil {
		return err
	}
	claims, err := verify(key, args[7], args[1], args[2], args[3], body, args[5], now)
	if err != nil {
		return err
	}
	pay, _ := claims["pay"].(map[string]any)
	fmt.Println(claims["jny"], claims["sbm"], pay["amount"], pay["ref"])
	return nil
}

func publicKey(name string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the key is not in PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not RSA")
	}
	return key, nil
}

func content(name string) ([]byte, error) {
	if name == "-" {
		return nil, nil
	}
	return os.ReadFile(name)
}
