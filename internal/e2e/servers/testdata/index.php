<?php
// A front controller as they were written: the path decoded, a final slash forgiven. It is reached by a rewriting rule, as
// /index.php/…, or with the path as a parameter.
if (isset($_GET['url'])) {
    $path = '/' . $_GET['url'];
} elseif (isset($_SERVER['PATH_INFO']) && $_SERVER['PATH_INFO'] !== '') {
    $path = $_SERVER['PATH_INFO'];
} else {
    $path = rawurldecode(strtok($_SERVER['REQUEST_URI'], '?'));
}
$path = rtrim(preg_replace('#/+#', '/', $path), '/');
if ($path === '/licences/apply') {
    require __DIR__ . '/apply.php';
} elseif ($path === '/status') {
    require __DIR__ . '/status.php';
} else {
    echo 'another page';
}
