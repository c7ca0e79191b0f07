<?php
return ['default' => 'errors', 'channels' => ['errors' => ['driver' => 'single', 'path' => storage_path('laravel.log'), 'level' => 'error']]];
