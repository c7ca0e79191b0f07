printf 'Content-Type: text/plain\r\n\r\n'
case "$REQUEST_METHOD" in
GET | HEAD | OPTIONS) printf 'an empty form' ;;
*)
	printf '%s %s %s\n' "$REQUEST_METHOD" "$REQUEST_URI" "$HTTP_PAYGATE_STATUS" >>"$TRACE"
	printf 'the pay code ran'
	;;
esac
