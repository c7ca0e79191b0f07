<?php
// A form with two buttons, and a front controller that takes its page from wherever it is given. One button, and one page,
// cost money: they leave a trace.
$said = isset($_REQUEST['action']) ? $_REQUEST['action'] : '';
$page = isset($_REQUEST['page']) ? $_REQUEST['page'] : '';
if (in_array('pay', (array) $said) || in_array('apply', (array) $page)) {
    file_put_contents($_SERVER['TRACE'], $_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'] . "\n", FILE_APPEND);
    echo 'the pay code ran';
} else {
    echo 'saved';
}
