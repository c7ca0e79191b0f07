<?php require 'common.php'; ?>
<h1>Fishing licences</h1>
<a href="/licences/apply.php">Apply</a>
