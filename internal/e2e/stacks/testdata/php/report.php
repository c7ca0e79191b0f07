<?php
require 'common.php';
ran('report', (string) ($_GET['year'] ?? ''));
header('Content-Type: text/plain');
echo 'the report';
