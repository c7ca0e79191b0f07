"""main.py KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw body)"""
import sys

from paygate_verify import paygate_verify

key, audience, method, target, body, assertion, now = sys.argv[1:8]
try:
    body = None if body == "-" else open(body, "rb").read()
    claims = paygate_verify(key, audience, method, target, body, assertion, int(now), *sys.argv[8:])
except Exception as refused:
    sys.exit("%s: %s" % (type(refused).__name__, refused))
print(claims["jny"], claims["sbm"], claims["pay"]["amount"], claims["pay"]["ref"])
