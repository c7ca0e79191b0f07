<?php
require '../common.php';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    checkToken();
    $licence = $_POST['application']['licence'] ?? '';
    if (in_array($licence, ['1-day', '8-day'], true)) {
        ran('permit', $licence);
        exit('<h1>Permit received</h1>');
    }
}
?>
<form method="post"><?= token() ?><select name="application[licence]"><option>1-day<option>8-day</select><button>Buy</button></form>
