printf 'Content-Type: text/plain\r\n\r\nstatus=%s' "$HTTP_PAYGATE_STATUS"
