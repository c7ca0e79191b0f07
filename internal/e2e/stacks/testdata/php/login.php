<?php
require 'common.php';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    checkToken();
    $_SESSION['user'] = $_POST['name'];
    header('Location: /licences/apply.php');
    exit;
}
?>
<h1>Sign in</h1>
<form method="post"><?= token() ?><input name="name"><button>Sign in</button></form>
