<?php
// What PHP reads of a form, as the router of `php -S`. JSON is read as Laravel does.
$type = $_SERVER['CONTENT_TYPE'] ?? '';
$all = $_POST;
if (str_contains(strtolower($type), 'json')) {
    $read = json_decode(file_get_contents('php://input'), true);
    $all = is_array($read) ? $read : [];
}
$nested = $all['application'] ?? null;
header('Content-Type: application/json');
echo json_encode([
    'action' => $all['action'] ?? null, 'licence' => $all['licence'] ?? null,
    'application[action]' => is_array($nested) ? ($nested['action'] ?? null) : null,
    'application[licence]' => is_array($nested) ? ($nested['licence'] ?? null) : null,
], JSON_INVALID_UTF8_SUBSTITUTE);
