<?php

// A service behind one script, as generous as any in reading its address: case, suffixes, parameters, blanks, dot segments,
// slashes of both kinds, and whatever follows do not matter to it. The site "query" is told its address by the parameter q.
function words($path)
{
    $path = strtr(preg_split('/[?#\x00]/', strtolower($path))[0], '\\', '/');
    $words = [];
    foreach (explode('/', $path) as $segment) {
        $word = trim(preg_replace('/[;:].*|\.(?:php|html|cgi)$/s', '', trim($segment)), " \t\r\n.~%&");
        if ($word !== '') {
            $words[] = $word;
        }
    }
    return $words && $words[0] === 'index' ? array_slice($words, 1) : $words;
}

function resolved($path)
{
    $kept = [];
    foreach (explode('/', $path) as $segment) {
        if (explode(';', $segment)[0] === '..') {
            array_pop($kept);
        } elseif ($segment !== '.') {
            $kept[] = $segment;
        }
    }
    return implode('/', $kept);
}

$uri = $_SERVER['REQUEST_URI'];
$asked = rawurldecode(preg_replace('~^https?://[^/]*|\?.*~', '', $uri));
if (basename(__DIR__) === 'query') {
    $asked = isset($_GET['q']) && is_string($_GET['q']) ? $_GET['q'] : '';
}
foreach ([$asked, resolved($asked), preg_replace('/#.*?\.\./', '', $asked)] as $path) {
    $words = words($path);
    if (array_slice($words, 0, 2) === ['licences', 'apply']) {
        exit('the licence is issued');
    }
}
$pages = ['about' => 'about us', 'licences/apply-guidance' => 'guidance', 'licences/renew' => 'renew'];
$page = implode('/', words($asked));
echo isset($pages[$page]) ? $pages[$page] : 'no such page';
