<?php
session_save_path(getenv('SITE'));
session_start();
if (file_exists(getenv('SITE') . '/expired')) {
    $_SESSION = [];
}
$_SESSION['token'] ??= bin2hex(random_bytes(16));

function ran($code, $value)
{
    $line = [$code, $value, $_SERVER['HTTP_PAYGATE_STATUS'] ?? '', $_SERVER['HTTP_PAYGATE_AMOUNT'] ?? ''];
    file_put_contents(getenv('SITE') . '/ran', strtr(json_encode($line), "\n", ' ') . "\n", FILE_APPEND | LOCK_EX);
}

function token()
{
    return '<input type="hidden" name="token" value="' . $_SESSION['token'] . '">';
}

function checkToken()
{
    if (!hash_equals($_SESSION['token'], (string) ($_POST['token'] ?? ''))) {
        http_response_code(403);
        exit('This form is too old.');
    }
}

function needsUser($login)
{
    if (!isset($_SESSION['user'])) {
        header('Location: ' . $login);
        exit;
    }
}
