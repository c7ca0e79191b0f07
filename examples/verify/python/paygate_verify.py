"""Checks a Paygate-Assertion. Python 3.5 or later.

The standard library has no RSA: this uses the package `cryptography` where it is installed, else the program `openssl`.
"""
import base64, hashlib, json, subprocess, tempfile


def paygate_verify(key_file, audience, method, target, body, assertion, now, typ="paygate-release+jwt"):
    """Returns the claims. Whatever it raises is a refusal.

    key_file is the path of Paygate's public key in PEM; target is path and query as they were sent; body is the raw body,
    or None where the framework does not give it away; now is time.time(); typ is
    "paygate-event+jwt" where the service hears what happened later.
    """
    head, payload, signature = assertion.split(".")
    rs256(key_file, (head + "." + payload).encode(), decode(signature))
    header, claims = json.loads(decode(head).decode()), json.loads(decode(payload).decode())
    for name, good in (
            ("alg", header["alg"] == "RS256"), ("typ", header["typ"] == typ), ("aud", claims["aud"] == audience),
            ("exp", now <= claims["exp"] + 60), ("iat", now >= claims["iat"] - 60), ("htm", claims["htm"] == method),
            ("htp", claims["htp"] + ("?" + claims["htq"] if claims["htq"] else "") == target),
            ("body_sha256", body is None or claims["body_sha256"] == hashlib.sha256(body).hexdigest()),
            ("pay.state", typ == "paygate-event+jwt" or claims["pay"]["state"] in ("success", "capturable"))):
        if not good:
            raise ValueError("Paygate-Assertion: " + name)
    return claims


decode = lambda part: base64.urlsafe_b64decode(part + "===")


# The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
def rs256(key_file, text, signature):
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        serialization.load_pem_public_key(open(key_file, "rb").read()).verify(signature, text, PKCS1v15(), hashes.SHA256())
    except ImportError:
        with tempfile.NamedTemporaryFile() as file:
            file.write(signature), file.flush()
            command = ["openssl", "dgst", "-sha256", "-verify", key_file, "-signature", file.name, "-out", "/dev/null"]
            subprocess.run(command, input=text, check=True, stderr=subprocess.DEVNULL)
