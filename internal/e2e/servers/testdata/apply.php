<?php
// The code that costs money: it leaves a trace whenever it is run by a request that changes something.
if (!in_array($_SERVER['REQUEST_METHOD'], ['GET', 'HEAD', 'OPTIONS'], true)) {
    $status = isset($_SERVER['HTTP_PAYGATE_STATUS']) ? $_SERVER['HTTP_PAYGATE_STATUS'] : '';
    file_put_contents(getenv('TRACE') ?: $_SERVER['TRACE'], $_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'] . ' ' . $status . "\n", FILE_APPEND);
    echo 'the pay code ran';
} else {
    echo 'an empty form';
}
