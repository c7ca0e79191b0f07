<?php
echo 'status=' . (isset($_SERVER['HTTP_PAYGATE_STATUS']) ? $_SERVER['HTTP_PAYGATE_STATUS'] : '');
