#!/bin/sh
# Checks an assertion with openssl alone, as an old stack would: verify.sh TOKEN PUBLIC_KEY.pem BODY_FILE
set -eu
token=$1 key=$2 body=$3
decode() {
	text=$(printf %s "$1" | tr '_-' '/+')
	while [ $((${#text} % 4)) -ne 0 ]; do text="$text="; done
	printf %s "$text" | openssl base64 -d -A
}
signed=${token%.*} dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
decode "${token##*.}" >"$dir/signature"
printf %s "$signed" | openssl dgst -sha256 -verify "$key" -signature "$dir/signature"
decode "${signed%.*}" | grep -q '"alg":"RS256".*"typ":"paygate-release+jwt"'
decode "${signed#*.}" | grep -q "\"body_sha256\":\"$(openssl dgst -sha256 -r "$body" | cut -d ' ' -f 1)\""
