<?php

// Checks a Paygate-Assertion and returns its claims, or throws. PHP 7.0 or later with the openssl
// extension.
//
// $key is Paygate's public key in PEM; $target is path and query as they were sent,
// $_SERVER['REQUEST_URI']; $body is the raw body, file_get_contents('php://input'), or null if PHP
// does not have it (multipart/form-data); $now is time(); $typ is 'paygate-event+jwt' where the
// service hears what happened later.
function paygate_verify($key, $audience, $method, $target, $body, $assertion, $now, $typ = 'paygate-release+jwt')
{
    $parts = explode('.', $assertion);
    $decode = function ($part) {
        return base64_decode(strtr($part, '-_', '+/'), true);
    };
    // The key decides how it is used, never the token: whatever its header claims, this is RSA with
    // SHA-256.
    if (count($parts) !== 3 || openssl_verify("$parts[0].$parts[1]", $decode($parts[2]), $key, OPENSSL_ALGO_SHA256) !== 1) {
        throw new RuntimeException('Paygate-Assertion: signature');
    }
    list($header, $claims) = [json_decode($decode($parts[0]), true), json_decode($decode($parts[1]), true)];
    $wrong = array_keys(array_filter([
        'alg' => $header['alg'] !== 'RS256', 'typ' => $header['typ'] !== $typ,
        'aud' => $claims['aud'] !== $audience,
        'exp' => $now > $claims['exp'] + 60, 'iat' => $now < $claims['iat'] - 60,
        'htm' => $claims['htm'] !== $method,
        'htp' => $claims['htp'] . ($claims['htq'] === '' ? '' : '?' . $claims['htq']) !== $target,
        'body_sha256' => $body !== null && $claims['body_sha256'] !== hash('sha256', $body),
        'pay.state' => $typ !== 'paygate-event+jwt' && !in_array($claims['pay']['state'], ['success', 'capturable'], true),
    ]));
    if ($wrong) {
        throw new RuntimeException('Paygate-Assertion: ' . $wrong[0]);
    }
    return $claims;
}
