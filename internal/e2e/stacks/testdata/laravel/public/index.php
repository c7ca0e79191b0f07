<?php
// Fishing licences on Laravel: what `composer create-project` makes, as one file.
use Illuminate\Contracts\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Application;
use Illuminate\Http\Request;

require '/usr/share/php/Illuminate/autoload.php';

define('SITE', getenv('SITE'));
foreach (['sessions', 'views', 'cache'] as $folder) {
    @mkdir(SITE . '/storage/framework/' . $folder, 0777, true);
}
foreach (['SERVICES', 'PACKAGES', 'CONFIG', 'ROUTES', 'EVENTS'] as $cache) {
    $_ENV['APP_' . $cache . '_CACHE'] = SITE . '/storage/' . strtolower($cache) . '.php';
}

class Kernel extends Illuminate\Foundation\Http\Kernel
{
    protected $middleware = [
        Illuminate\Foundation\Http\Middleware\ValidatePostSize::class,
        Illuminate\Foundation\Http\Middleware\TrimStrings::class,
        Illuminate\Foundation\Http\Middleware\ConvertEmptyStringsToNull::class,
    ];

    protected $middlewareGroups = ['web' => [
        Illuminate\Cookie\Middleware\EncryptCookies::class,
        Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse::class,
        Illuminate\Session\Middleware\StartSession::class,
        Illuminate\View\Middleware\ShareErrorsFromSession::class,
        VerifyCsrfToken::class,
        Illuminate\Routing\Middleware\SubstituteBindings::class,
    ]];
}

class VerifyCsrfToken extends Illuminate\Foundation\Http\Middleware\VerifyCsrfToken
{
    protected $except = ['search'];
}

class Routes extends Illuminate\Foundation\Support\Providers\RouteServiceProvider
{
    public function boot()
    {
        $this->routes(fn () => Illuminate\Support\Facades\Route::middleware('web')->group(base_path('routes/web.php')));
    }
}

$app = new Application(dirname(__DIR__));
$app->useStoragePath(SITE . '/storage');
$app->singleton(HttpKernel::class, Kernel::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);
$kernel = $app->make(HttpKernel::class);
$response = $kernel->handle($request = Request::capture())->send();
$kernel->terminate($request, $response);
