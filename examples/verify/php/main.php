<?php

// php main.php KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw body)
require __DIR__ . '/paygate_verify.php';

list(, $key, $audience, $method, $target, $body, $assertion, $now) = $argv;
try {
    $body = $body === '-' ? null : file_get_contents($body);
    $claims = paygate_verify(file_get_contents($key), $audience, $method, $target, $body, $assertion, (int) $now, ...array_slice($argv, 8));
} catch (Exception $refused) {
    fwrite(STDERR, $refused->getMessage() . "\n");
    exit(1);
}
echo "{$claims['jny']} {$claims['sbm']} {$claims['pay']['amount']} {$claims['pay']['ref']}\n";
