<?php
header('Content-Type: text/plain');
ksort($_REQUEST);
echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], "\n", file_get_contents('php://input'), "\n", json_encode([$_GET, $_POST, array_keys($_FILES)]);
