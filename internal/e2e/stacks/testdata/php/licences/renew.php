<?php
require '../common.php';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    checkToken();
    if (($_POST['application']['action'] ?? '') === 'pay') {
        ran('renew', 'pay');
        exit('<h1>Renewal received</h1>');
    }
    exit('<h1>Draft saved</h1>');
}
?>
<form method="post"><?= token() ?>
<button name="application[action]" value="save">Save</button> <button name="application[action]" value="pay">Pay</button></form>
