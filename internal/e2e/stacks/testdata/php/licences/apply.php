<?php
require '../common.php';
needsUser('/login.php');
$error = '';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    checkToken();
    if (filter_var($_POST['email'] ?? '', FILTER_VALIDATE_EMAIL)) {
        ran('apply', $_POST['name']);
        exit('<h1>Application received</h1>');
    }
    $error = 'Enter an e-mail address';
}
?>
<h1>Apply</h1>
<p><?= $error ?></p>
<form method="post"><?= token() ?>
<input name="name" value="<?= htmlspecialchars($_POST['name'] ?? '') ?>">
<input name="email" value="<?= htmlspecialchars($_POST['email'] ?? '') ?>">
<button>Apply</button></form>
